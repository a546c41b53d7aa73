package dev.lockstep.audit;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Records that are missing, forged, changed, reordered or dead-lettered are reported, and nothing else is. */
@DisplayNameGeneration(ReplaceUnderscores.class)
@Tag("slow")
class TamperedDeliveryIT {
    @RegisterExtension
    final AuditFixture fixture = new AuditFixture();

    private String confirmed;
    private String cancelled;

    @BeforeEach
    void createCompletedOrders() {
        confirmed = fixture.confirmed(2);
        cancelled = fixture.cancelled(3);
    }

    @Test
    void a_relayed_row_that_is_missing_on_kafka() throws Exception {
        AuditFixture.Row lost = fixture.withhold(confirmed, "StockReserved");

        assertBroken("relayed", lost.id());
    }

    @Test
    void an_unrelayed_row_is_pending_without_a_wait_and_stuck_after_one() throws Exception {
        fixture.relay();
        AuditFixture.Row waiting =
                fixture.appendToOutbox(ServiceRole.SAGA, cancelled, "ReleaseStock", "inventory.commands");

        Outcome withoutWaiting = fixture.audit("--settle=0");
        Outcome stuck = fixture.audit();

        assertThat(withoutWaiting.findings()).isEmpty();
        assertThat(withoutWaiting.counted("relayed", "pending")).isEqualTo(1);
        assertThat(stuck.broken()).isEqualTo(Map.of("relayed", List.of(waiting.id())));
    }

    @Test
    void a_record_whose_value_differs_from_its_row() throws Exception {
        AuditFixture.Row row = fixture.withhold(confirmed, "OrderCreated");
        fixture.topics.send(row.topic(), null, row.key(), row.payload() + " ", row.headers());

        assertBroken("relayed", row.id());
    }

    @Test
    void a_record_on_the_wrong_topic() throws Exception {
        AuditFixture.Row row = fixture.withhold(confirmed, "PaymentCharged");
        fixture.topics.send("inventory.updated", null, row.key(), row.payload(), row.headers());

        assertBroken("relayed", row.id(), row.id());
    }

    @Test
    void a_record_without_an_outbox_row() throws Exception {
        String madeUp = fixture.databases.read(ServiceRole.SAGA, "SELECT uuidv7()");
        Map<String, String> headers = Map.of("ce_id", madeUp, "ce_source", "/saga-service");
        fixture.topics.send("inventory.commands", null, cancelled, "{}", headers);

        assertBroken("relayed", madeUp);
    }

    @Test
    void duplicates_and_records_of_other_producers_are_no_findings() throws Exception {
        AuditFixture.Row row = fixture.withhold(confirmed, "StockReserved");
        fixture.send(row);
        fixture.send(row);
        fixture.topics.send("inventory.commands", null, "me", "hello", Map.of("ce_type", "ReserveStock"));
        fixture.topics.send("order.confirmed", null, cancelled, "hello", Map.of("ce_source", "/unknown"));
        fixture.relay();

        Outcome outcome = fixture.audit();

        assertThat(outcome.findings()).isEmpty();
        assertThat(outcome.counted("relayed", "repeated")).isEqualTo(1);
        assertThat(outcome.counted("relayed", "records of other producers")).isEqualTo(2);
    }

    @Test
    void records_of_an_aborted_transaction_are_ignored() throws Exception {
        AuditFixture.Row row = fixture.withhold(confirmed, "OrderConfirmed");
        fixture.topics.sendAborted(row.topic(), row.key(), "another value", row.headers());
        fixture.send(row);
        fixture.topics.sendAborted(row.topic(), row.key(), "another value", row.headers());
        fixture.relay();

        assertThat(fixture.audit().findings()).isEmpty();
    }

    @Test
    void records_removed_by_retention_count_as_expired() throws Exception {
        fixture.relay();
        fixture.topics.expireAll();
        fixture.topics.commitAll();

        Outcome outcome = fixture.audit();

        assertThat(outcome.findings()).isEmpty();
        assertThat(outcome.counted("relayed", "expired")).isEqualTo(18);
        assertThat(outcome.counted("accepted", "outcomes beyond the topics' retention"))
                .isEqualTo(2);
    }

    @Test
    void two_reordered_messages_of_a_key() throws Exception {
        AuditFixture.Row reserve = fixture.withhold(cancelled, "ReserveStock");
        AuditFixture.Row release = fixture.withhold(cancelled, "ReleaseStock");
        fixture.send(release);
        fixture.send(reserve);

        assertBroken("order", cancelled);
    }

    @Test
    void a_key_in_two_partitions() throws Exception {
        AuditFixture.Row reserve = fixture.withhold(cancelled, "ReserveStock");
        AuditFixture.Row release = fixture.withhold(cancelled, "ReleaseStock");
        fixture.topics.send(reserve.topic(), 0, reserve.key(), reserve.payload(), reserve.headers());
        fixture.topics.send(release.topic(), 1, release.key(), release.payload(), release.headers());

        assertBroken("order", cancelled);
        assertThat(fixture.audit("--partitions-added").findings()).isEmpty();
    }

    @Test
    void a_missing_message_of_a_key_is_a_sequence_gap() throws Exception {
        fixture.appendToOutbox(ServiceRole.SAGA, cancelled, "ReleaseStock", "inventory.commands");
        AuditFixture.Row gone = fixture.withhold(cancelled, "ReleaseStock");
        fixture.databases.run(ServiceRole.SAGA, "DELETE FROM outbox WHERE id = ?::uuid", gone.id());

        assertBroken("gaps", cancelled);
    }

    @Test
    void a_resend_row_does_not_need_a_record_of_its_own() throws Exception {
        AuditFixture.Row row = fixture.withhold(confirmed, "OrderConfirmed");
        fixture.send(row);
        fixture.send(row);
        fixture.databases.run(ServiceRole.ORDER, """
                INSERT INTO outbox (aggregatetype, aggregateid, type, topic, payload, sequence, resend_of)
                SELECT aggregatetype, aggregateid, type, topic, payload, sequence, id FROM outbox WHERE id = ?::uuid
                """, row.id());
        fixture.relay();

        assertThat(fixture.audit().findings()).isEmpty();
    }

    @Test
    void an_open_dead_letter_is_reported_unless_allowed() throws Exception {
        insertDeadLetter("01998d30-11aa-7c3e-b7f0-2d94c5e6a801");

        assertBroken("letters", confirmed);
        assertThat(fixture.audit("--allow-dead-letters").findings()).isEmpty();
    }

    @Test
    void a_dead_letter_that_is_missing_on_its_topic() throws Exception {
        insertDeadLetter("01998d30-11aa-7c3e-b7f0-2d94c5e6a801");
        String row = insertDeadLetterOutboxRow();
        fixture.relay();

        assertThat(fixture.audit("--allow-dead-letters").broken()).isEqualTo(Map.of("relayed", List.of(row)));

        fixture.topics.send("payment.commands.dlq", null, confirmed, "poison", deadLetterHeaders());
        assertThat(fixture.audit("--allow-dead-letters").findings()).isEmpty();
    }

    @Test
    void a_message_that_stays_parked() throws Exception {
        fixture.park(confirmed);

        assertBroken("letters", confirmed);
    }

    @Test
    void a_parked_message_with_a_binary_key_is_reported_in_hex() throws Exception {
        fixture.databases.run(ServiceRole.PAYMENT, """
                INSERT INTO parked_message (consumer, topic, partition, "offset", message_id, record_key, record_headers, record_time,
                                            attempts, error, next_attempt_at)
                VALUES ('payment-service', 'payment.commands', 0, 5, uuidv7(), decode('fffe00', 'hex'), '[]', now(), 3, 'no', now())
                """);

        assertBroken("letters", "0xfffe00");
    }

    @Test
    void unread_records_are_reported_as_lag() throws Exception {
        fixture.relay();
        fixture.topics.send("inventory.commands", null, "me", "hello", Map.of());

        assertThat(fixture.audit().broken())
                .isEqualTo(Map.of("settled", List.of("inventory-service on inventory.commands")));
    }

    private void insertDeadLetter(String id) {
        fixture.databases.run(ServiceRole.PAYMENT, """
                INSERT INTO dead_letter (id, consumer, topic, partition, "offset", key_text, record_headers, reason, error, attempts,
                                         first_at, fingerprint, origin)
                VALUES (?::uuid, 'payment-service', 'payment.commands', 0, 7, ?, '[]', 'NOT_JSON', 'the value is not JSON', 1, now(),
                        '0123456789abcdef', 7)
                """, id, confirmed);
    }

    private String insertDeadLetterOutboxRow() {
        return fixture.databases.read(ServiceRole.PAYMENT, """
                INSERT INTO outbox (aggregatetype, aggregateid, type, topic, payload, headers)
                VALUES ('dead-letter', ?, 'ChargePayment', 'payment.commands.dlq', convert_to('poison', 'UTF8'),
                        jsonb_build_array(jsonb_build_array('dlq_id', encode(convert_to('01998d30-11aa-7c3e-b7f0-2d94c5e6a801', 'UTF8'), 'base64'))))
                RETURNING id
                """, confirmed);
    }

    private static Map<String, String> deadLetterHeaders() {
        return new HashMap<>(Map.of("dlq_id", "01998d30-11aa-7c3e-b7f0-2d94c5e6a801"));
    }

    private void assertBroken(String check, String... ids) throws Exception {
        fixture.relay();

        Outcome outcome = fixture.audit();

        assertThat(outcome.exitCode()).isEqualTo(1);
        assertThat(outcome.broken()).as(outcome.out()).isEqualTo(Map.of(check, List.of(ids)));
    }
}
