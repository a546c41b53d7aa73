package dev.lockstep.messaging.outbox;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@DisplayNameGeneration(ReplaceUnderscores.class)
class PartitionMaintenanceTest {
    @ParameterizedTest
    @CsvSource({"PT1H, 1", "PT12H, 1", "P1D, 1", "PT24H0.001S, 2", "PT36H, 2", "P7D, 7"})
    void there_is_a_partition_for_every_day_that_the_retention_reaches_into(Duration retention, int days) {
        assertThat(PartitionMaintenance.daysBack(retention)).isEqualTo(days);
    }
}
