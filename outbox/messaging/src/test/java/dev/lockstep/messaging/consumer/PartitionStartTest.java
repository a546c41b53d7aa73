package dev.lockstep.messaging.consumer;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.messaging.consumer.BrokerOffsets.PartitionLog;
import dev.lockstep.messaging.consumer.PartitionStart.Cause;
import dev.lockstep.messaging.consumer.PartitionStart.LostRange;
import dev.lockstep.messaging.consumer.PartitionStart.StoredPosition;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;

@DisplayNameGeneration(ReplaceUnderscores.class)
class PartitionStartTest {
    @Test
    void reading_starts_at_a_committed_offset_within_the_log() {
        assertThat(PartitionStart.resume(log(10, 50, 40L), known(35), true))
                .isEqualTo(new PartitionStart(40, null, null));
    }

    @Test
    void records_between_the_committed_offset_and_the_log_start_are_lost() {
        assertThat(PartitionStart.resume(log(45, 50, 40L), known(35), true))
                .isEqualTo(new PartitionStart(45, new LostRange(Cause.REMOVED, 40, 45L), null));
    }

    @Test
    void records_applied_before_an_offset_was_reset_are_not_lost() {
        assertThat(PartitionStart.resume(log(30, 50, 10L), known(40), true))
                .isEqualTo(new PartitionStart(30, null, null));
    }

    @Test
    void a_committed_offset_beyond_the_end_begins_at_the_oldest_record_and_is_not_trusted_again() {
        PartitionStart start = PartitionStart.resume(log(0, 5, 40L), known(40), true);

        assertThat(start).isEqualTo(new PartitionStart(0, new LostRange(Cause.LOG_CUT_OFF, 5, 40L), 40L));
        assertThat(PartitionStart.resume(log(0, 60, 40L), new StoredPosition("id", 0, null, 40L), true))
                .isEqualTo(new PartitionStart(0, null, 40L));
    }

    @Test
    void a_recreated_topic_is_read_from_its_beginning_even_if_the_committed_offset_is_within_it() {
        assertThat(PartitionStart.resume(new PartitionLog("new", 0, 60, 40L), known(40), true))
                .isEqualTo(new PartitionStart(0, new LostRange(Cause.TOPIC_RECREATED, 40, null), 40L));
    }

    @Test
    void a_group_with_deleted_offsets_reads_from_the_earliest_record() {
        assertThat(PartitionStart.resume(log(30, 50, null), known(40), true))
                .isEqualTo(new PartitionStart(30, null, null));
    }

    @Test
    void a_group_with_deleted_offsets_detects_records_removed_since() {
        assertThat(PartitionStart.resume(log(45, 50, null), known(40), true))
                .isEqualTo(new PartitionStart(45, new LostRange(Cause.REMOVED, 40, 45L), null));
    }

    @Test
    void a_group_that_started_at_latest_continues_at_its_stored_position() {
        assertThat(PartitionStart.resume(log(0, 50, null), known(40), false))
                .isEqualTo(new PartitionStart(40, null, null));
    }

    @Test
    void an_added_partition_is_read_from_its_first_record_and_removed_records_are_lost() {
        assertThat(PartitionStart.forAddedPartition(log(0, 50, null))).isEqualTo(new PartitionStart(0, null, null));
        assertThat(PartitionStart.forAddedPartition(log(7, 50, null)))
                .isEqualTo(new PartitionStart(7, new LostRange(Cause.REMOVED, 0, 7L), null));
    }

    @Test
    void a_new_group_reports_no_loss_for_records_removed_before() {
        assertThat(PartitionStart.forNewTopic(log(7, 50, null), 7)).isEqualTo(new PartitionStart(7, null, null));
        assertThat(PartitionStart.forNewTopic(log(7, 50, null), 50)).isEqualTo(new PartitionStart(50, null, null));
    }

    @Test
    void a_group_without_stored_positions_detects_loss_from_its_committed_offset() {
        assertThat(PartitionStart.forNewTopic(log(7, 50, 3L), 7))
                .isEqualTo(new PartitionStart(7, new LostRange(Cause.REMOVED, 3, 7L), null));
    }

    @Test
    void a_range_is_written_half_open() {
        assertThat(new LostRange(Cause.REMOVED, 3, 7L).range()).isEqualTo("[3,7)");
        assertThat(new LostRange(Cause.TOPIC_RECREATED, 3, null).range()).isEqualTo("[3,unknown)");
    }

    private static PartitionLog log(long begin, long end, @Nullable Long committed) {
        return new PartitionLog("id", begin, end, committed);
    }

    private static StoredPosition known(long next) {
        return new StoredPosition("id", next, null, null);
    }
}
