package dev.lockstep.saga;

import dev.lockstep.saga.SagaStore.Count;
import dev.lockstep.saga.domain.SagaState;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.vertx.core.Future;
import io.vertx.sqlclient.SqlClient;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;

/**
 * Tracks the number of active sagas of all instances. The database is counted periodically; between two counts, this instance adds its own
 * transitions. Exports {@code lockstep.saga.states}, {@code lockstep.saga.oldest} and {@code lockstep.saga.faulty}, and decides whether
 * further orders may start.
 */
final class ActiveSagas {
    private final SagaStore store;
    private final SqlClient client;
    private final int maxActive;
    private final Map<StateName, AtomicReference<Count>> counted = new EnumMap<>(StateName.class);
    // Sagas that entered a forward state in this instance minus those that left one, since the start of the process;
    // and the part of it that the last count includes.
    private final AtomicLong netStarted = new AtomicLong();
    private final AtomicLong netStartedAtRefresh = new AtomicLong();

    ActiveSagas(SagaStore store, SqlClient client, int maxActive, MeterRegistry meters) {
        this.store = store;
        this.client = client;
        this.maxActive = maxActive;
        for (StateName state : StateName.ACTIVE) {
            AtomicReference<Count> count = new AtomicReference<>(Count.NONE);
            counted.put(state, count);
            Gauge.builder("lockstep.saga.states", count, now -> now.get().sagas())
                    .description("active sagas of all instances, by state")
                    .tags("state", state.name())
                    .register(meters);
            Gauge.builder("lockstep.saga.oldest", count, now -> now.get().oldestSeconds())
                    .description("how long the longest-waiting saga has been waiting for the same messages, by state")
                    .baseUnit("seconds")
                    .tags("state", state.name())
                    .register(meters);
        }
        Gauge.builder("lockstep.saga.faulty", counted, ActiveSagas::faulty)
                .description("sagas that were postponed because they could not advance when their deadline passed")
                .register(meters);
    }

    Future<Void> refresh() {
        long netStartedNow = netStarted.get();
        return store.countActive(client)
                .onSuccess(counts -> {
                    counted.forEach((state, count) -> count.set(counts.getOrDefault(state, Count.NONE)));
                    netStartedAtRefresh.set(netStartedNow);
                })
                .mapEmpty();
    }

    void recordTransition(SagaState from, SagaState to) {
        netStarted.addAndGet(forward(to) - forward(from));
    }

    /**
     * Whether another order may start. If not, it is better for the order to wait in Kafka than behind thousands of others at a
     * participant: in Kafka it has no deadline yet.
     */
    boolean hasCapacity() {
        long active = counted.entrySet().stream()
                .filter(state -> state.getKey().isForward())
                .mapToLong(state -> state.getValue().get().sagas())
                .sum();
        return active + netStarted.get() - netStartedAtRefresh.get() < maxActive;
    }

    private static double faulty(Map<StateName, AtomicReference<Count>> counted) {
        return counted.values().stream()
                .mapToLong(count -> count.get().faulty())
                .sum();
    }

    private static int forward(SagaState state) {
        return state instanceof SagaState.Forward ? 1 : 0;
    }
}
