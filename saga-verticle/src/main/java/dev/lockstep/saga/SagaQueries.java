package dev.lockstep.saga;

import dev.lockstep.messaging.http.BoundedReads;
import dev.lockstep.messaging.http.ConcurrencyLimit;
import dev.lockstep.runtime.auth.Credentials;
import dev.lockstep.saga.domain.OrderId;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.sqlclient.Pool;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * Reads sagas for HTTP requests. It uses a connection pool separate from the one that advances sagas. A search for obstacles queries every
 * service, so only a few searches run concurrently.
 */
final class SagaQueries {
    private static final int MAX_CONCURRENT_DIAGNOSES = 4;
    private static final int MAX_QUEUED_DIAGNOSES = 64;
    private static final Duration MAX_WAIT = Duration.ofSeconds(5);

    private final Pool pool;
    private final SagaViewStore sagas;
    private final SagaHistoryStore history;
    private final SagaDiagnosis diagnosis;
    private final BoundedReads lists;
    private final ConcurrencyLimit diagnoses;

    private SagaQueries(
            Pool pool,
            SagaViewStore sagas,
            SagaHistoryStore history,
            SagaDiagnosis diagnosis,
            BoundedReads lists,
            ConcurrencyLimit diagnoses) {
        this.pool = pool;
        this.sagas = sagas;
        this.history = history;
        this.diagnosis = diagnosis;
        this.lists = lists;
        this.diagnoses = diagnoses;
    }

    /** @param pool for reads; the caller closes it */
    static SagaQueries of(
            Vertx vertx, Pool pool, SagaViewStore sagas, SagaHistoryStore history, SagaDiagnosis obstacles) {
        return new SagaQueries(
                pool,
                sagas,
                history,
                obstacles,
                BoundedReads.of(vertx, pool),
                new ConcurrencyLimit(
                        vertx, "searches for obstacles", MAX_CONCURRENT_DIAGNOSES, MAX_QUEUED_DIAGNOSES, MAX_WAIT));
    }

    /** The saga without its history. Empty if it does not exist. */
    Future<Optional<SagaView>> find(String orderId) {
        return sagas.find(pool, orderId);
    }

    /** The given saga with its history. */
    Future<SagaView> withHistory(SagaView saga) {
        return history.ofOrder(pool, new OrderId(saga.orderId())).map(saga::with);
    }

    /**
     * The given saga with its obstacles. Fails with a 503 {@link dev.lockstep.messaging.http.Problem} if too many searches are running.
     *
     * @param credentials those of the caller, with which the services are asked
     */
    Future<SagaView> withObstacles(SagaView saga, Credentials credentials) {
        return diagnoses.run(
                () -> diagnosis.diagnose(saga.orderId(), credentials).map(saga::with));
    }

    /** Fails with a 503 {@link dev.lockstep.messaging.http.Problem} if too many lists are being read. */
    Future<List<SagaView>> list(SagaFilter filter) {
        return lists.read(tx -> sagas.list(tx, filter));
    }
}
