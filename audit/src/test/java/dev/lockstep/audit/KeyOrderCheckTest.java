package dev.lockstep.audit;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;

@DisplayNameGeneration(ReplaceUnderscores.class)
class KeyOrderCheckTest {
    private final CheckResult order = new CheckResult(Check.ORDER, 10);
    private final CheckResult gaps = new CheckResult(Check.GAPS, 10);

    @Test
    void keys_in_order_without_gaps_pass() {
        examine(at("a", 1, 0, 5, 1), at("a", 2, 0, 9, 2), at("b", 1, 1, 3, 1));

        assertThat(order.findingCount() + gaps.findingCount()).isZero();
        assertThat(order.counts()).containsEntry("keys", 2L).containsEntry("messages", 3L);
        assertThat(gaps.counts()).containsEntry("numbered messages", 3L);
    }

    @Test
    void a_reordered_message_is_reported_by_its_key() {
        examine(at("a", 1, 0, 9, 1), at("a", 2, 0, 5, 2));

        assertThat(order.findings()).extracting(Finding::id).containsExactly("a");
        assertThat(gaps.findingCount()).isZero();
    }

    @Test
    void a_missing_sequence_number_is_a_gap() {
        examine(at("a", 1, 0, 5, 1), at("a", 3, 0, 9, 3));

        assertThat(gaps.findings()).extracting(Finding::found).containsExactly("sequence number 3, " + new UUID(0, 3));
        assertThat(order.findingCount()).isZero();
    }

    @Test
    void a_record_whose_sequence_differs_from_its_row_is_a_gap() {
        examine(at("a", 1, 0, 5, 2), at("b", 1, 0, 6, ObservedRecord.NO_SEQUENCE));

        assertThat(gaps.findings()).extracting(Finding::id).containsExactly("a", "b");
    }

    @Test
    void rows_without_sequence_are_ordered_by_id() {
        examine(at("a", ObservedRecord.NO_SEQUENCE, 0, 5, -1), at("a", ObservedRecord.NO_SEQUENCE, 0, 9, -1));

        assertThat(order.findingCount() + gaps.findingCount()).isZero();
        assertThat(gaps.counts()).isEmpty();
    }

    private void examine(KeyPosition... positions) {
        new KeyOrderCheck(false, order, gaps).examine(SortedStream.of(List.of(positions)));
    }

    private static KeyPosition at(String key, long sequence, int partition, long offset, long recordSequence) {
        return new KeyPosition("topic", key, sequence, new UUID(0, sequence), partition, offset, recordSequence);
    }
}
