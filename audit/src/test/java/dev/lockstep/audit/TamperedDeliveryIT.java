package dev.lockstep.audit;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;

/** Records that are missing, made up, changed, swapped or buried are named, and nothing else is. */
@DisplayNameGeneration(ReplaceUnderscores.class)
class TamperedDeliveryIT {
    private World world;
    private String confirmed;
    private String cancelled;

    @BeforeEach
    void two_orders_that_went_through() throws Exception {
        world = new World();
        confirmed = world.confirmed(2);
        cancelled = world.cancelled(3);
    }

    @AfterEach
    void close() {
        world.close();
    }

    @Test
    void a_row_that_was_never_sent_although_it_is_called_relayed() throws Exception {
        World.Row lost = world.hold(confirmed, "StockReserved");

        assertBroken("relayed", lost.id());
    }

    @Test
    void a_row_that_waits_is_pending_at_first_and_stuck_later() throws Exception {
        world.relay();
        World.Row waiting = world.say(Party.SAGA, cancelled, "ReleaseStock", "inventory.commands");

        Outcome withoutWaiting = world.audit("--settle=0");
        Outcome stuck = world.audit();

        assertThat(withoutWaiting.told()).isEmpty();
        assertThat(withoutWaiting.counted("relayed", "pending")).isEqualTo(1);
        assertThat(stuck.broken()).isEqualTo(Map.of("relayed", List.of(waiting.id())));
    }

    @Test
    void a_record_with_another_value() throws Exception {
        World.Row row = world.hold(confirmed, "OrderCreated");
        world.topics.send(row.topic(), null, row.key(), row.payload() + " ", row.headers());

        assertBroken("relayed", row.id());
    }

    @Test
    void a_record_on_another_topic() throws Exception {
        World.Row row = world.hold(confirmed, "PaymentCharged");
        world.topics.send("inventory.updated", null, row.key(), row.payload(), row.headers());

        assertBroken("relayed", row.id(), row.id());
    }

    @Test
    void a_record_that_no_row_is_behind() throws Exception {
        String madeUp = world.databases.read(Party.SAGA, "SELECT uuidv7()");
        Map<String, String> headers = Map.of("ce_id", madeUp, "ce_source", "/saga-service");
        world.topics.send("inventory.commands", null, cancelled, "{}", headers);

        assertBroken("relayed", madeUp);
    }

    @Test
    void a_repeated_record_and_a_strangers_are_none_of_it() throws Exception {
        World.Row row = world.hold(confirmed, "StockReserved");
        world.send(row);
        world.send(row);
        world.topics.send("inventory.commands", null, "me", "hello", Map.of("ce_type", "ReserveStock"));
        world.topics.send("order.confirmed", null, cancelled, "hello", Map.of("ce_source", "/nobody"));
        world.relay();

        Outcome outcome = world.audit();

        assertThat(outcome.told()).isEmpty();
        assertThat(outcome.counted("relayed", "repeated")).isEqualTo(1);
        assertThat(outcome.counted("relayed", "records of strangers")).isEqualTo(2);
    }

    @Test
    void the_records_of_an_aborted_transaction_are_none_of_it() throws Exception {
        World.Row row = world.hold(confirmed, "OrderConfirmed");
        world.topics.sendAborted(row.topic(), row.key(), "another value", row.headers());
        world.send(row);
        world.topics.sendAborted(row.topic(), row.key(), "another value", row.headers());
        world.relay();

        assertThat(world.audit().told()).isEmpty();
    }

    @Test
    void what_the_retention_took_is_expired() throws Exception {
        world.relay();
        world.topics.expireAll();
        world.topics.commitAll();

        Outcome outcome = world.audit();

        assertThat(outcome.told()).isEmpty();
        assertThat(outcome.counted("relayed", "expired")).isEqualTo(18);
        assertThat(outcome.counted("accepted", "ends beyond the topics' retention"))
                .isEqualTo(2);
    }

    @Test
    void two_messages_of_a_key_that_were_swapped() throws Exception {
        World.Row reserve = world.hold(cancelled, "ReserveStock");
        World.Row release = world.hold(cancelled, "ReleaseStock");
        world.send(release);
        world.send(reserve);

        assertBroken("order", cancelled);
    }

    @Test
    void a_key_in_two_partitions() throws Exception {
        World.Row reserve = world.hold(cancelled, "ReserveStock");
        World.Row release = world.hold(cancelled, "ReleaseStock");
        world.topics.send(reserve.topic(), 0, reserve.key(), reserve.payload(), reserve.headers());
        world.topics.send(release.topic(), 1, release.key(), release.payload(), release.headers());

        assertBroken("order", cancelled);
        assertThat(world.audit("--partitions-added").told()).isEmpty();
    }

    @Test
    void a_message_that_is_gone_from_the_middle_of_its_key() throws Exception {
        world.say(Party.SAGA, cancelled, "ReleaseStock", "inventory.commands");
        World.Row gone = world.hold(cancelled, "ReleaseStock");
        world.databases.run(Party.SAGA, "DELETE FROM outbox WHERE id = ?::uuid", gone.id());

        assertBroken("gaps", cancelled);
    }

    @Test
    void a_row_that_sends_another_one_again_is_none_of_its_own() throws Exception {
        World.Row row = world.hold(confirmed, "OrderConfirmed");
        world.send(row);
        world.send(row);
        world.databases.run(Party.ORDER, """
                INSERT INTO outbox (aggregatetype, aggregateid, type, topic, payload, sequence, resend_of)
                SELECT aggregatetype, aggregateid, type, topic, payload, sequence, id FROM outbox WHERE id = ?::uuid
                """, row.id());
        world.relay();

        assertThat(world.audit().told()).isEmpty();
    }

    @Test
    void an_open_dead_letter_unless_it_is_allowed() throws Exception {
        deadLetter("01998d30-11aa-7c3e-b7f0-2d94c5e6a801");

        assertBroken("letters", confirmed);
        assertThat(world.audit("--allow-dead-letters").told()).isEmpty();
    }

    @Test
    void a_dead_letter_that_never_reached_its_topic() throws Exception {
        deadLetter("01998d30-11aa-7c3e-b7f0-2d94c5e6a801");
        String row = bury();
        world.relay();

        assertThat(world.audit("--allow-dead-letters").broken()).isEqualTo(Map.of("relayed", List.of(row)));

        world.topics.send("payment.commands.dlq", null, confirmed, "poison", headersOfTheDead());
        assertThat(world.audit("--allow-dead-letters").told()).isEmpty();
    }

    @Test
    void a_message_that_stays_parked() throws Exception {
        world.park(confirmed);

        assertBroken("letters", confirmed);
    }

    @Test
    void a_parked_message_whose_key_is_no_text_is_named_by_its_bytes() throws Exception {
        world.databases.run(Party.PAYMENT, """
                INSERT INTO parked_message (consumer, topic, partition, "offset", message_id, record_key, record_headers, record_time,
                                            attempts, error, next_attempt_at)
                VALUES ('payment-service', 'payment.commands', 0, 5, uuidv7(), decode('fffe00', 'hex'), '[]', now(), 3, 'no', now())
                """);

        assertBroken("letters", "0xfffe00");
    }

    @Test
    void records_that_nobody_reads() throws Exception {
        world.relay();
        world.topics.send("inventory.commands", null, "me", "hello", Map.of());

        assertThat(world.audit().broken())
                .isEqualTo(Map.of("settled", List.of("inventory-service on inventory.commands")));
    }

    private void deadLetter(String id) {
        world.databases.run(Party.PAYMENT, """
                INSERT INTO dead_letter (id, consumer, topic, partition, "offset", key_text, record_headers, reason, error, attempts,
                                         first_at, fingerprint, origin)
                VALUES (?::uuid, 'payment-service', 'payment.commands', 0, 7, ?, '[]', 'NOT_JSON', 'the value is not JSON', 1, now(),
                        '0123456789abcdef', 7)
                """, id, confirmed);
    }

    private String bury() {
        return world.databases.read(Party.PAYMENT, """
                INSERT INTO outbox (aggregatetype, aggregateid, type, topic, payload, headers)
                VALUES ('dead-letter', ?, 'ChargePayment', 'payment.commands.dlq', convert_to('poison', 'UTF8'),
                        jsonb_build_array(jsonb_build_array('dlq_id', encode(convert_to('01998d30-11aa-7c3e-b7f0-2d94c5e6a801', 'UTF8'), 'base64'))))
                RETURNING id
                """, confirmed);
    }

    private static Map<String, String> headersOfTheDead() {
        return new HashMap<>(Map.of("dlq_id", "01998d30-11aa-7c3e-b7f0-2d94c5e6a801"));
    }

    private void assertBroken(String check, String... ids) throws Exception {
        world.relay();

        Outcome outcome = world.audit();

        assertThat(outcome.exitCode()).isEqualTo(1);
        assertThat(outcome.broken()).as(outcome.out()).isEqualTo(Map.of(check, List.of(ids)));
    }
}
