package dev.lockstep.relay;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;

@DisplayNameGeneration(ReplaceUnderscores.class)
class RecoveryIT {
    private final OutboxFixture outbox = OutboxFixture.create();
    private final TopicReader reader = outbox.reader();

    @AfterEach
    void close() {
        reader.close();
        outbox.close();
    }

    @Test
    void pending_rows_are_sent_however_long_it_would_take_to_count_them() throws SQLException {
        // Given
        outbox.execute("""
                CREATE FUNCTION once_unlocked(rows bigint) RETURNS bigint LANGUAGE plpgsql AS
                $$ BEGIN PERFORM pg_advisory_lock_shared(1); RETURN rows; END $$;
                CREATE AGGREGATE count(*) (SFUNC = int8inc, STYPE = bigint, INITCOND = '0', FINALFUNC = once_unlocked);
                ALTER DATABASE %s SET search_path = public, pg_catalog
                """.formatted(outbox.database()));
        outbox.append("o-1", "1");
        try (Connection other = outbox.connect();
                Statement lock = other.createStatement()) {
            lock.execute("SELECT pg_advisory_lock(1)");

            // When
            outbox.relay().start();

            // Then
            assertThat(TopicReader.values(reader.readUntil(messages -> !messages.isEmpty())))
                    .containsExactly("1");
        }
        OutboxFixture.await().until(() -> outbox.pending() == 0);
    }

    @Test
    void who_waits_for_another_to_send_what_is_pending_does_not_look_for_it() throws SQLException {
        // Given
        outbox.append("o-1", "1");
        OutboxRelay relay = outbox.relay();
        outbox.execute("UPDATE outbox_recovery SET holder = gen_random_uuid(), held_until = now() + interval '1 h'");
        try (Connection other = outbox.connect();
                Statement lock = other.createStatement()) {
            other.setAutoCommit(false);
            lock.execute("LOCK TABLE outbox");

            // When
            relay.start();

            // Then
            OutboxFixture.await()
                    .untilAsserted(() -> assertThat(relay.problem())
                            .hasValueSatisfying(problem -> assertThat(problem)
                                    .contains("another relay sends what is pending from the table")));
        }
    }
}
