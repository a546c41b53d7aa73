package dev.lockstep.audit;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.TreeMap;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;

@DisplayNameGeneration(ReplaceUnderscores.class)
class OrderEvidenceTest {
    private static final long STARTED_AT = 1_000;

    private final OrderEvidence evidence = new OrderEvidence("a", new AuditWindow(STARTED_AT, Duration.ZERO, 0));

    @Test
    void the_order_status_counts_once_its_saga_was_dropped() {
        evidence.add(order("CONFIRMED", STARTED_AT - 1));

        assertThat(evidence.hasEnded()).isTrue();
        assertThat(evidence.endedAs("CONFIRMED")).isTrue();
        assertThat(evidence.endedAs("CANCELLED")).isFalse();
        assertThat(evidence.sagaState()).isEqualTo("saga no longer kept");
    }

    @Test
    void an_order_that_ended_after_the_audit_started_does_not_imply_a_dropped_saga() {
        evidence.add(order("CANCELLED", STARTED_AT));

        assertThat(evidence.hasEnded()).isFalse();
        assertThat(evidence.sagaState()).isEqualTo("no saga");
    }

    @Test
    void a_pending_order_does_not_imply_a_dropped_saga() {
        evidence.add(order("PENDING", STARTED_AT - 1));

        assertThat(evidence.hasEnded()).isFalse();
        assertThat(evidence.endedAs("PENDING")).isFalse();
        assertThat(evidence.isSagaDropped()).isFalse();
    }

    @Test
    void a_saga_with_remaining_history_was_not_dropped() {
        evidence.add(order("CONFIRMED", STARTED_AT - 1));
        evidence.add(new Fact.Steps("a", "OrderCreated", "RESERVING_STOCK", 1));

        assertThat(evidence.hasEnded()).isFalse();
    }

    @Test
    void an_existing_saga_overrides_the_order_status() {
        evidence.add(order("CANCELLED", STARTED_AT - 1));
        evidence.add(new Fact.Saga("a", "RETRYING_COMPENSATION", "StockReleased", 0));

        assertThat(evidence.hasEnded()).isFalse();
    }

    private static Fact.Order order(String status, long endedAt) {
        return new Fact.Order("a", "u1", new Fact.Outcome(status, null, null), new TreeMap<>(), 0, endedAt);
    }
}
