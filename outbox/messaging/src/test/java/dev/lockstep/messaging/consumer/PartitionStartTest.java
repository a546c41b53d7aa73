package dev.lockstep.messaging.consumer;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.messaging.consumer.BrokerOffsets.PartitionLog;
import dev.lockstep.messaging.consumer.PartitionStart.Cause;
import dev.lockstep.messaging.consumer.PartitionStart.Known;
import dev.lockstep.messaging.consumer.PartitionStart.Lost;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;

@DisplayNameGeneration(ReplaceUnderscores.class)
class PartitionStartTest {
    @Test
    void a_committed_offset_within_the_log_is_where_to_begin() {
        assertThat(PartitionStart.again(log(10, 50, 40L), known(35), true))
                .isEqualTo(new PartitionStart(40, null, null));
    }

    @Test
    void records_before_the_begin_of_the_log_are_lost_from_the_committed_offset_on() {
        assertThat(PartitionStart.again(log(45, 50, 40L), known(35), true))
                .isEqualTo(new PartitionStart(45, new Lost(Cause.REMOVED, 40, 45L), null));
    }

    @Test
    void what_was_applied_before_an_operator_set_the_offset_back_is_not_lost() {
        assertThat(PartitionStart.again(log(30, 50, 10L), known(40), true))
                .isEqualTo(new PartitionStart(30, null, null));
    }

    @Test
    void a_committed_offset_beyond_the_end_begins_at_the_oldest_record_and_is_not_trusted_again() {
        PartitionStart start = PartitionStart.again(log(0, 5, 40L), known(40), true);

        assertThat(start).isEqualTo(new PartitionStart(0, new Lost(Cause.LOG_CUT_OFF, 5, 40L), 40L));
        assertThat(PartitionStart.again(log(0, 60, 40L), new Known("id", 0, null, 40L), true))
                .isEqualTo(new PartitionStart(0, null, 40L));
    }

    @Test
    void a_topic_that_was_created_again_is_read_from_its_beginning_though_the_committed_offset_lies_within_it() {
        assertThat(PartitionStart.again(new PartitionLog("new", 0, 60, 40L), known(40), true))
                .isEqualTo(new PartitionStart(0, new Lost(Cause.TOPIC_RECREATED, 40, null), 40L));
    }

    @Test
    void a_group_whose_offsets_were_deleted_reads_everything_again_and_misses_nothing() {
        assertThat(PartitionStart.again(log(30, 50, null), known(40), true))
                .isEqualTo(new PartitionStart(30, null, null));
    }

    @Test
    void a_group_whose_offsets_were_deleted_misses_what_was_removed_since() {
        assertThat(PartitionStart.again(log(45, 50, null), known(40), true))
                .isEqualTo(new PartitionStart(45, new Lost(Cause.REMOVED, 40, 45L), null));
    }

    @Test
    void a_group_that_began_at_the_newest_record_goes_on_where_it_was() {
        assertThat(PartitionStart.again(log(0, 50, null), known(40), false))
                .isEqualTo(new PartitionStart(40, null, null));
    }

    @Test
    void an_added_partition_is_read_from_its_first_record_and_what_was_removed_from_it_is_lost() {
        assertThat(PartitionStart.added(log(0, 50, null))).isEqualTo(new PartitionStart(0, null, null));
        assertThat(PartitionStart.added(log(7, 50, null)))
                .isEqualTo(new PartitionStart(7, new Lost(Cause.REMOVED, 0, 7L), null));
    }

    @Test
    void a_new_group_misses_nothing_of_what_was_removed_before_it_came() {
        assertThat(PartitionStart.first(log(7, 50, null), 7)).isEqualTo(new PartitionStart(7, null, null));
        assertThat(PartitionStart.first(log(7, 50, null), 50)).isEqualTo(new PartitionStart(50, null, null));
    }

    @Test
    void a_group_from_before_positions_were_kept_misses_what_was_removed_after_its_committed_offset() {
        assertThat(PartitionStart.first(log(7, 50, 3L), 7))
                .isEqualTo(new PartitionStart(7, new Lost(Cause.REMOVED, 3, 7L), null));
    }

    @Test
    void a_range_is_written_with_its_end_outside() {
        assertThat(new Lost(Cause.REMOVED, 3, 7L).range()).isEqualTo("[3,7)");
        assertThat(new Lost(Cause.TOPIC_RECREATED, 3, null).range()).isEqualTo("[3,unknown)");
    }

    private static PartitionLog log(long begin, long end, @Nullable Long committed) {
        return new PartitionLog("id", begin, end, committed);
    }

    private static Known known(long next) {
        return new Known("id", next, null, null);
    }
}
