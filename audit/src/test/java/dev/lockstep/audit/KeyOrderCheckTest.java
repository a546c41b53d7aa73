package dev.lockstep.audit;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;

@DisplayNameGeneration(ReplaceUnderscores.class)
class KeyOrderCheckTest {
    private final Tally order = new Tally(Check.ORDER, 10);
    private final Tally gaps = new Tally(Check.GAPS, 10);

    @Test
    void keys_that_are_in_order_and_numbered_without_a_hole_hold() {
        examine(at("a", 1, 0, 5, 1), at("a", 2, 0, 9, 2), at("b", 1, 1, 3, 1));

        assertThat(order.broken() + gaps.broken()).isZero();
        assertThat(order.counts()).containsEntry("keys", 2L).containsEntry("messages", 3L);
        assertThat(gaps.counts()).containsEntry("numbered messages", 3L);
    }

    @Test
    void a_message_that_overtook_is_named_by_its_key() {
        examine(at("a", 1, 0, 9, 1), at("a", 2, 0, 5, 2));

        assertThat(order.findings()).extracting(Finding::id).containsExactly("a");
        assertThat(gaps.broken()).isZero();
    }

    @Test
    void a_number_that_is_missing_is_a_gap() {
        examine(at("a", 1, 0, 5, 1), at("a", 3, 0, 9, 3));

        assertThat(gaps.findings()).extracting(Finding::found).containsExactly("number 3, " + new UUID(0, 3));
        assertThat(order.broken()).isZero();
    }

    @Test
    void a_record_that_is_numbered_otherwise_than_its_row_is_a_gap() {
        examine(at("a", 1, 0, 5, 2), at("b", 1, 0, 6, Sighting.UNNUMBERED));

        assertThat(gaps.findings()).extracting(Finding::id).containsExactly("a", "b");
    }

    @Test
    void rows_that_are_not_numbered_are_ordered_by_their_ids() {
        examine(at("a", Sighting.UNNUMBERED, 0, 5, -1), at("a", Sighting.UNNUMBERED, 0, 9, -1));

        assertThat(order.broken() + gaps.broken()).isZero();
        assertThat(gaps.counts()).isEmpty();
    }

    private void examine(KeyPosition... positions) {
        new KeyOrderCheck(false, order, gaps).examine(Sorted.of(List.of(positions)));
    }

    private static KeyPosition at(String key, long sequence, int partition, long offset, long told) {
        return new KeyPosition("topic", key, sequence, new UUID(0, sequence), partition, offset, told);
    }
}
