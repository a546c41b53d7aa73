package dev.lockstep.bench.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.bench.BenchException;
import java.util.Map;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;

@DisplayNameGeneration(ReplaceUnderscores.class)
class PgBenchTest {
    private static final String OUTPUT = """
        pgbench (15.18 (Debian 15.18-0+deb12u1), server 18.0)
        transaction type: interactive.sql
        number of transactions actually processed: 40012
        number of failed transactions: %d (0.000%%)
        latency average = 3.198 ms
        tps = 10003.512345 (without initial connection time)
        """;

    @Test
    void the_rate_is_read_from_the_output() {
        double rate = PgBench.transactionsPerSecond(OUTPUT.formatted(0));

        assertThat(rate).isEqualTo(10003.512345);
    }

    @Test
    void a_run_with_failed_transactions_has_no_rate() {
        assertThatThrownBy(() -> PgBench.transactionsPerSecond(OUTPUT.formatted(7)))
                .isInstanceOf(BenchException.class)
                .hasMessageStartingWith("7 transactions of pgbench failed");
    }

    @Test
    void an_output_without_a_rate_is_an_error() {
        assertThatThrownBy(() -> PgBench.transactionsPerSecond("pgbench: error: connection failed"))
                .isInstanceOf(BenchException.class)
                .hasMessageContaining("connection failed");
    }

    @Test
    void a_server_that_may_lose_commits_is_not_measured() {
        assertThatThrownBy(() -> BenchPostgres.check(Map.of("fsync", "on"), Map.of("fsync", "off")))
                .isInstanceOf(BenchException.class)
                .hasMessageContaining("must be {fsync=on}, but are {fsync=off}");
    }
}
