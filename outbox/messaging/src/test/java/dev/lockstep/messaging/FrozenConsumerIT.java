package dev.lockstep.messaging;

import static dev.lockstep.messaging.Fixture.greeter;
import static dev.lockstep.testing.Futures.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.vertx.core.Promise;
import io.vertx.pgclient.PgBuilder;
import io.vertx.pgclient.PgConnectOptions;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.PoolOptions;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.Tuple;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Messages whose consumer was frozen in the middle of its transaction, with its connection open. */
@DisplayNameGeneration(ReplaceUnderscores.class)
class FrozenConsumerIT {
    private static final String CLAIM = "INSERT INTO inbox (message_id, consumer) VALUES ($1, $2)";

    @RegisterExtension
    final Fixture fixture = Fixture.withTopic(1);

    @Test
    void a_claim_of_a_frozen_consumer_is_released_when_its_session_times_out() {
        UUID id = fixture.uuidv7();
        SqlConnection frozen =
                await(pool("idle_in_transaction_session_timeout", "3s").getConnection());
        await(frozen.begin());
        await(frozen.preparedQuery(CLAIM).execute(Tuple.of(id, fixture.group)));
        fixture.send("a", "Hello", "{\"name\":\"ann\"}", id.toString());

        fixture.consume(pool("lock_timeout", "300ms"), greeter());

        await().untilAsserted(() -> assertThat(fixture.greeted()).containsExactly("ann"));
        // The message may have been parked when the claim was released; that does not count as an attempt.
        assertThat(fixture.strings("SELECT id FROM dead_letter")).isEmpty();
        assertThat(fixture.strings("SELECT message_id FROM parked_message")).isEmpty();
    }

    @Test
    void a_resumed_consumer_retries_its_batch() {
        AtomicInteger attempts = new AtomicInteger();
        Promise<Void> awake = Promise.promise();
        fixture.hello("a", "ann");

        fixture.consume(
                pool("idle_in_transaction_session_timeout", "500ms"),
                (tx, messages) -> attempts.getAndIncrement() == 0
                        ? awake.future().compose(woken -> greeter().handle(tx, messages))
                        : greeter().handle(tx, messages));
        await().until(() -> attempts.get() == 1);
        await().until(() -> fixture.strings("SELECT pid FROM pg_stat_activity"
                        + " WHERE datname = current_database() AND state LIKE 'idle in transaction%'")
                .isEmpty());
        awake.complete();

        await().untilAsserted(() -> assertThat(fixture.greeted()).containsExactly("ann"));
        assertThat(attempts).hasValue(2);
        assertNothingParkedOrDeadLettered();
    }

    private void assertNothingParkedOrDeadLettered() {
        assertThat(fixture.strings("SELECT id FROM dead_letter")).isEmpty();
        assertThat(fixture.strings("SELECT event FROM delivery_incident")).isEmpty();
    }

    private Pool pool(String property, String value) {
        PgConnectOptions options = fixture.connectOptions();
        options.addProperty(property, value);
        return PgBuilder.pool()
                .connectingTo(options)
                .with(new PoolOptions().setMaxSize(2))
                .using(fixture.vertx)
                .build();
    }
}
