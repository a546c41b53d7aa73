package dev.lockstep.messaging;

import static dev.lockstep.messaging.Fixture.greeter;
import static dev.lockstep.testing.Futures.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.lockstep.messaging.Fixture.Greeting;
import dev.lockstep.messaging.delivery.LockedRows;
import dev.lockstep.messaging.delivery.MessageHandler;
import dev.lockstep.messaging.delivery.ReceivedMessage;
import io.vertx.core.Future;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.Tuple;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** An operator locks a row that some messages need. */
@DisplayNameGeneration(ReplaceUnderscores.class)
class LockedRowIT {
    @RegisterExtension
    final Fixture fixture = Fixture.withTopic(1);

    private SqlConnection operator;

    /** Locks the row of each greeted name. */
    private static class LockingHandler implements MessageHandler<Greeting> {
        @Override
        public Future<Void> handle(SqlConnection tx, List<ReceivedMessage<Greeting>> messages) {
            return tx.preparedQuery("SELECT name FROM house WHERE name = ANY ($1) ORDER BY name FOR UPDATE")
                    .execute(Tuple.of(names(messages)))
                    .compose(locked -> greeter().handle(tx, messages));
        }

        static String[] names(List<ReceivedMessage<Greeting>> messages) {
            return messages.stream()
                    .map(each -> each.message().name())
                    .distinct()
                    .toArray(String[]::new);
        }
    }

    /** Locks the same rows and also reports which messages are blocked. */
    private static final class BlockedAwareHandler extends LockingHandler {
        @Override
        public Future<Set<UUID>> blockedMessages(SqlConnection tx, List<ReceivedMessage<Greeting>> messages) {
            return tx.preparedQuery("SELECT name FROM house WHERE name = ANY ($1) FOR UPDATE SKIP LOCKED")
                    .execute(Tuple.of(names(messages)))
                    .map(free -> {
                        Set<String> locked = new HashSet<>(Set.of(names(messages)));
                        free.forEach(row -> locked.remove(row.getString(0)));
                        return LockedRows.messagesThatNeed(locked, messages, each -> Set.of(each.name()));
                    });
        }
    }

    // A handler that does not report blocked messages costs one lock wait for each of them.
    static Stream<Arguments> handlers() {
        return Stream.of(
                Arguments.of(new BlockedAwareHandler(), Duration.ofSeconds(3)),
                Arguments.of(new LockingHandler(), Duration.ofSeconds(20)));
    }

    @BeforeEach
    void open() {
        fixture.strings("CREATE TABLE house (name text PRIMARY KEY)");
        fixture.strings("INSERT INTO house SELECT * FROM unnest(ARRAY['warm', 'ann', 'bob', 'cid'])");
        operator = await(fixture.pool.getConnection());
    }

    @AfterEach
    void close() {
        await(operator.close());
    }

    @ParameterizedTest
    @MethodSource("handlers")
    void blocked_keys_are_parked_uncounted_others_continue_and_all_recover_when_the_lock_is_released(
            MessageHandler<Greeting> handler, Duration limit) {
        fixture.consume(handler);
        fixture.hello("warm", "warm");
        await().until(() -> fixture.greeted().contains("warm"));
        await(operator.begin());
        lock("SELECT FROM house WHERE name = 'bob' FOR UPDATE");

        for (int i = 0; i < 20; i++) {
            fixture.hello("a" + i, "ann");
            fixture.hello("b" + i, "bob");
            fixture.hello("c" + i, "cid");
        }
        fixture.hello("b0", "cid");

        await().atMost(limit)
                .untilAsserted(() -> assertThat(fixture.greeted()).hasSize(41).doesNotContain("bob"));
        await().untilAsserted(
                        () -> assertThat(fixture.strings("SELECT count(*) || ' ' || max(attempts) FROM parked_message"))
                                .containsExactly("21 0"));
        // Longer than all counted attempts would take.
        await().pollDelay(Duration.ofSeconds(4)).until(() -> true);
        assertThat(fixture.strings("SELECT id FROM dead_letter")).isEmpty();

        await(operator.transaction().rollback());

        await().untilAsserted(() ->
                assertThat(fixture.strings("SELECT topic FROM parked_message")).isEmpty());
        assertThat(fixture.strings("SELECT name FROM greeted WHERE key = 'b0' ORDER BY id"))
                .containsExactly("bob", "cid");
        assertThat(fixture.greeted()).hasSize(62);
        assertThat(fixture.strings("SELECT id FROM dead_letter")).isEmpty();
    }

    @Test
    void a_locked_table_parks_the_whole_batch() {
        fixture.consume(new BlockedAwareHandler());
        fixture.hello("warm", "warm");
        await().until(() -> fixture.greeted().contains("warm"));
        await(operator.begin());
        lock("LOCK TABLE house");

        for (int i = 0; i < 50; i++) {
            fixture.hello("a" + i, "ann");
        }

        await().untilAsserted(() -> assertThat(fixture.strings("SELECT count(*) FROM parked_message"))
                .containsExactly("50"));
        await(operator.transaction().rollback());
        await().untilAsserted(() -> assertThat(fixture.greeted()).hasSize(51));
        assertThat(fixture.strings("SELECT id FROM dead_letter")).isEmpty();
    }

    private void lock(String sql) {
        await(operator.query(sql).execute());
    }
}
