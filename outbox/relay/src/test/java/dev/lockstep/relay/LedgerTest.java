package dev.lockstep.relay;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.relay.Ledger.Entry;
import dev.lockstep.relay.Ledger.Tally;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

@DisplayNameGeneration(ReplaceUnderscores.class)
class LedgerTest {
    private static final UUID A = new UUID(1, 0b0011);
    private static final UUID B = new UUID(2, 0b0101);

    private final Ledger ledger = new Ledger(Snapshot.parse("100:110:103"), 2);

    @Test
    void counts_what_is_visible_in_the_next_snapshot_and_was_not_in_the_last() {
        // When
        ledger.add(List.of(
                new Entry(new UUID(3, 9), 99, 10),
                new Entry(new UUID(4, 9), 104, 10),
                new Entry(A, 103, 10),
                new Entry(B, 112, 10)));

        // Then
        assertThat(ledger.until(Snapshot.parse("105:112:"))).contains(new Tally(1, 0b0011, 10));
        assertThat(ledger.until(Snapshot.parse("113:113:"))).contains(new Tally(2, 0b0110, 20));
    }

    @Test
    void a_row_that_comes_twice_counts_once() {
        // When
        ledger.add(List.of(new Entry(A, 111, 10), new Entry(A, 111, 10)));

        // Then
        assertThat(ledger.until(Snapshot.parse("113:113:"))).contains(new Tally(1, 0b0011, 10));
    }

    @Test
    void what_a_snapshot_did_not_show_is_left_for_the_next_one() {
        // Given
        ledger.add(List.of(new Entry(A, 111, 10), new Entry(B, 112, 10)));

        // When
        ledger.settle(Snapshot.parse("112:113:112"));

        // Then
        assertThat(ledger.until(Snapshot.parse("114:114:"))).contains(new Tally(1, 0b0101, 10));
    }

    @Test
    void more_than_it_keeps_is_still_counted() {
        // When
        ledger.add(List.of(new Entry(A, 111, 10), new Entry(B, 112, 10), new Entry(new UUID(5, 0b1000), 113, 10)));

        // Then
        assertThat(ledger.until(Snapshot.parse("114:114:"))).contains(new Tally(3, 0b1110, 30));
    }

    @Test
    void rows_that_are_only_counted_can_be_compared_once_a_snapshot_shows_all_of_them() {
        // When
        ledger.add(List.of(new Entry(A, 111, 10), new Entry(B, 112, 10), new Entry(new UUID(5, 0b1000), 65_700, 10)));

        // Then
        assertThat(ledger.until(Snapshot.parse("113:113:"))).isEmpty();
        assertThat(ledger.until(Snapshot.parse("112:65701:112"))).isEmpty();
        assertThat(ledger.until(Snapshot.parse("113:65701:113"))).contains(new Tally(3, 0b1110, 30));
    }

    @Nested
    class while_rows_are_compared {
        private static final Snapshot COMPARED = Snapshot.parse("112:112:");

        @BeforeEach
        void compareAndGoOn() {
            ledger.add(List.of(new Entry(A, 111, 10)));
            ledger.until(COMPARED);
            for (int i = 0; i < 4; i++) {
                ledger.add(List.of(new Entry(new UUID(5, 0b1_0000L << i), 112 + i, 10)));
            }
        }

        @Test
        void more_than_it_keeps_counts_for_the_next_comparison() {
            // When
            ledger.settle(COMPARED);

            // Then
            assertThat(ledger.until(Snapshot.parse("116:116:"))).contains(new Tally(4, 0b1111_0000, 40));
        }

        @Test
        void more_than_it_keeps_does_not_make_it_forget_what_is_compared() {
            assertThat(ledger.unknown(List.of(row(A), row(B)))).containsExactly(row(B));
        }

        @Test
        void a_comparison_that_comes_to_no_end_leaves_everything_to_the_next_one() {
            assertThat(ledger.until(Snapshot.parse("116:116:"))).contains(new Tally(5, 0b1111_0011, 50));
        }
    }

    @Test
    void the_whole_id_of_a_transaction_is_the_one_nearest_to_the_snapshot() {
        Snapshot snapshot = Snapshot.parse("8589934590:8589934600:");

        assertThat(snapshot.whole(7)).isEqualTo(8589934599L);
        assertThat(snapshot.whole(9)).isEqualTo(8589934601L);
        assertThat(snapshot.whole(-1)).isEqualTo(8589934591L);
    }

    private static OutboxRow row(UUID id) {
        return new OutboxRow(
                id.toString(), "o-1", "Counted", null, "events", null, null, null, null, null, Instant.EPOCH, null);
    }
}
