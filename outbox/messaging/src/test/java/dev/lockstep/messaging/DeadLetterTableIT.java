package dev.lockstep.messaging;

import static dev.lockstep.testing.Futures.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.messaging.deadletter.Fingerprint;
import dev.lockstep.messaging.failure.UnprocessableMessageException;
import dev.lockstep.messaging.outbox.PartitionMaintenance;
import java.time.Duration;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

@DisplayNameGeneration(ReplaceUnderscores.class)
class DeadLetterTableIT {
    @RegisterExtension
    final Fixture fixture = new Fixture();

    private final DeadLetters deadLetters = new DeadLetters(fixture);

    @Test
    void settled_dead_letters_are_deleted_after_retention_and_open_ones_are_kept() {
        deadLetters.insert(1, 2_503, 10);
        await(fixture.pool
                .query(
                        "UPDATE dead_letter SET first_at = now() - interval '1 year', last_at = now() - interval '1 year',"
                                + " state = CASE \"offset\" WHEN 1 THEN 'open' ELSE 'discarded' END,"
                                + " settled_at = CASE \"offset\" WHEN 1 THEN NULL WHEN 2 THEN now() ELSE now() - interval '91 days' END")
                .execute());

        await(new PartitionMaintenance(
                        fixture.vertx, fixture.pool, Duration.ofDays(7), Duration.ofDays(7), Duration.ofDays(90))
                .run());

        assertThat(fixture.strings("SELECT \"offset\" FROM dead_letter ORDER BY \"offset\""))
                .containsExactly("1", "2");
    }

    @Test
    void dead_letters_that_cannot_be_deleted_do_not_prevent_the_start_and_are_deleted_by_the_next_run() {
        // Given
        deadLetters.insert(1, 3, 10);
        await(fixture.pool
                .query("UPDATE dead_letter SET state = 'discarded', settled_at = now() - interval '91 days'")
                .execute());
        await(fixture.pool.query("""
                        CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
                        BEGIN
                            RAISE EXCEPTION 'no dead letter can be deleted';
                        END $$
                        """).execute());
        await(fixture.pool
                .query("CREATE TRIGGER refuse BEFORE DELETE ON dead_letter EXECUTE FUNCTION refuse()")
                .execute());
        PartitionMaintenance maintenance = new PartitionMaintenance(
                fixture.vertx, fixture.pool, Duration.ofDays(7), Duration.ofDays(7), Duration.ofDays(90));

        // When
        await(maintenance.start().eventually(maintenance::stop));

        // Then
        assertThat(fixture.strings("SELECT count(*)::text FROM dead_letter")).containsExactly("3");

        // When they can be deleted again
        await(fixture.pool.query("DROP TRIGGER refuse ON dead_letter").execute());
        await(maintenance.run());

        // Then
        assertThat(fixture.strings("SELECT count(*)::text FROM dead_letter")).containsExactly("0");
    }

    @Test
    void partitions_that_cannot_be_created_prevent_the_start() {
        await(fixture.pool
                .query("DROP FUNCTION ensure_partitions(text, integer, integer)")
                .execute());
        PartitionMaintenance maintenance = new PartitionMaintenance(
                fixture.vertx, fixture.pool, Duration.ofDays(7), Duration.ofDays(7), Duration.ofDays(90));

        assertThatThrownBy(() -> await(maintenance.start().eventually(maintenance::stop)))
                .hasMessageContaining("ensure_partitions");
    }

    @Test
    void migrated_dead_letters_share_the_fingerprint_of_those_without_a_stack() {
        assertThat(fixture.strings("""
                        SELECT left(encode(sha256(convert_to(concat_ws(E'\\n', 'group', 'greetings', 'Hello', 'NOT_JSON',
                               'dev.lockstep.messaging.failure.UnprocessableMessageException'), 'UTF8')), 'hex'), 16)
                        """))
                .containsExactly(Fingerprint.of(
                        "group",
                        "greetings",
                        "Hello",
                        "NOT_JSON",
                        new UnprocessableMessageException("NOT_JSON", "it is not")));
    }
}
