package dev.lockstep.relay;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.relay.AcknowledgedRows.Entry;
import dev.lockstep.relay.AcknowledgedRows.RowDigest;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

@DisplayNameGeneration(ReplaceUnderscores.class)
class AcknowledgedRowsTest {
    private static final UUID A = new UUID(1, 0b0011);
    private static final UUID B = new UUID(2, 0b0101);

    private final AcknowledgedRows acknowledgedRows = new AcknowledgedRows(PgSnapshot.parse("100:110:103"), 2);

    @Test
    void counts_rows_visible_in_the_next_snapshot_and_not_in_the_last() {
        acknowledgedRows.add(List.of(
                new Entry(new UUID(3, 9), 99, 10),
                new Entry(new UUID(4, 9), 104, 10),
                new Entry(A, 103, 10),
                new Entry(B, 112, 10)));

        assertThat(acknowledgedRows.digestUntil(PgSnapshot.parse("105:112:"))).contains(new RowDigest(1, 0b0011, 10));
        assertThat(acknowledgedRows.digestUntil(PgSnapshot.parse("113:113:"))).contains(new RowDigest(2, 0b0110, 20));
    }

    @Test
    void a_duplicate_row_counts_once() {
        acknowledgedRows.add(List.of(new Entry(A, 111, 10), new Entry(A, 111, 10)));

        assertThat(acknowledgedRows.digestUntil(PgSnapshot.parse("113:113:"))).contains(new RowDigest(1, 0b0011, 10));
    }

    @Test
    void rows_not_visible_in_a_snapshot_count_for_the_next_one() {
        acknowledgedRows.add(List.of(new Entry(A, 111, 10), new Entry(B, 112, 10)));

        acknowledgedRows.advanceTo(PgSnapshot.parse("112:113:112"));

        assertThat(acknowledgedRows.digestUntil(PgSnapshot.parse("114:114:"))).contains(new RowDigest(1, 0b0101, 10));
    }

    @Test
    void rows_beyond_the_limit_are_still_counted() {
        acknowledgedRows.add(
                List.of(new Entry(A, 111, 10), new Entry(B, 112, 10), new Entry(new UUID(5, 0b1000), 113, 10)));

        assertThat(acknowledgedRows.digestUntil(PgSnapshot.parse("114:114:"))).contains(new RowDigest(3, 0b1110, 30));
    }

    @Test
    void compacted_rows_can_be_compared_once_all_are_visible() {
        acknowledgedRows.add(
                List.of(new Entry(A, 111, 10), new Entry(B, 112, 10), new Entry(new UUID(5, 0b1000), 65_700, 10)));

        assertThat(acknowledgedRows.digestUntil(PgSnapshot.parse("113:113:"))).isEmpty();
        assertThat(acknowledgedRows.digestUntil(PgSnapshot.parse("112:65701:112")))
                .isEmpty();
        assertThat(acknowledgedRows.digestUntil(PgSnapshot.parse("113:65701:113")))
                .contains(new RowDigest(3, 0b1110, 30));
    }

    @Nested
    class while_a_comparison_is_running {
        private static final PgSnapshot COMPARED = PgSnapshot.parse("112:112:");

        @BeforeEach
        void compareAndGoOn() {
            acknowledgedRows.add(List.of(new Entry(A, 111, 10)));
            acknowledgedRows.digestUntil(COMPARED);
            for (int i = 0; i < 4; i++) {
                acknowledgedRows.add(List.of(new Entry(new UUID(5, 0b1_0000L << i), 112 + i, 10)));
            }
        }

        @Test
        void rows_beyond_the_limit_count_for_the_next_comparison() {
            acknowledgedRows.advanceTo(COMPARED);

            assertThat(acknowledgedRows.digestUntil(PgSnapshot.parse("116:116:")))
                    .contains(new RowDigest(4, 0b1111_0000, 40));
        }

        @Test
        void rows_beyond_the_limit_do_not_evict_the_compared_rows() {
            assertThat(acknowledgedRows.notAcknowledged(List.of(row(A), row(B))))
                    .containsExactly(row(B));
        }

        @Test
        void an_unfinished_comparison_leaves_all_rows_to_the_next_one() {
            assertThat(acknowledgedRows.digestUntil(PgSnapshot.parse("116:116:")))
                    .contains(new RowDigest(5, 0b1111_0011, 50));
        }
    }

    @Test
    void the_full_transaction_id_is_the_one_nearest_to_the_snapshot() {
        PgSnapshot snapshot = PgSnapshot.parse("8589934590:8589934600:");

        assertThat(snapshot.toFullXid(7)).isEqualTo(8589934599L);
        assertThat(snapshot.toFullXid(9)).isEqualTo(8589934601L);
        assertThat(snapshot.toFullXid(-1)).isEqualTo(8589934591L);
    }

    private static OutboxRow row(UUID id) {
        return new OutboxRow(
                id.toString(), "o-1", "Counted", null, "events", null, null, null, null, null, Instant.EPOCH, null);
    }
}
