package dev.lockstep.audit;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.TreeMap;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;

@DisplayNameGeneration(ReplaceUnderscores.class)
class DossierTest {
    private static final long BEGUN = 1_000;

    private final Dossier dossier = new Dossier("a", new Moment(BEGUN, Duration.ZERO, 0));

    @Test
    void an_order_of_whose_saga_nothing_is_left_ended_as_it_says_itself() {
        dossier.add(order("CONFIRMED", BEGUN - 1));

        assertThat(dossier.hasEnded()).isTrue();
        assertThat(dossier.endedAs("CONFIRMED")).isTrue();
        assertThat(dossier.endedAs("CANCELLED")).isFalse();
        assertThat(dossier.sagaState()).isEqualTo("saga no longer kept");
    }

    @Test
    void an_order_that_ended_after_the_audit_began_may_be_too_new_for_the_sagas_snapshot() {
        dossier.add(order("CANCELLED", BEGUN));

        assertThat(dossier.hasEnded()).isFalse();
        assertThat(dossier.sagaState()).isEqualTo("no saga");
    }

    @Test
    void an_order_that_has_not_ended_has_not_outlived_its_saga() {
        dossier.add(order("PENDING", BEGUN - 1));

        assertThat(dossier.hasEnded()).isFalse();
        assertThat(dossier.endedAs("PENDING")).isFalse();
        assertThat(dossier.isSagaDropped()).isFalse();
    }

    @Test
    void a_saga_goes_with_its_history_so_what_left_one_was_not_dropped() {
        dossier.add(order("CONFIRMED", BEGUN - 1));
        dossier.add(new Fact.Steps("a", "OrderCreated", "RESERVING_STOCK", 1));

        assertThat(dossier.hasEnded()).isFalse();
    }

    @Test
    void a_saga_that_is_there_has_the_last_word() {
        dossier.add(order("CANCELLED", BEGUN - 1));
        dossier.add(new Fact.Saga("a", "RETRYING_COMPENSATION", "StockReleased", 0));

        assertThat(dossier.hasEnded()).isFalse();
    }

    private static Fact.Order order(String status, long endedAt) {
        return new Fact.Order("a", "u1", status, null, null, new TreeMap<>(), 0, endedAt);
    }
}
