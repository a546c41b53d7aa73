package dev.lockstep.messaging;

import static dev.lockstep.testing.Futures.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.messaging.http.BoundedReads;
import dev.lockstep.messaging.http.ConcurrencyLimit;
import dev.lockstep.messaging.http.Problem;
import io.vertx.core.Future;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import java.time.Duration;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

@DisplayNameGeneration(ReplaceUnderscores.class)
class BoundedReadsIT {
    @RegisterExtension
    final Fixture fixture = new Fixture();

    private final BoundedReads reads = new BoundedReads(
            fixture.pool,
            new ConcurrencyLimit(fixture.vertx, "reads", 2, 1, Duration.ofSeconds(20)),
            Duration.ofMillis(500));

    @Test
    void a_slow_read_is_cancelled_with_a_503_that_advises_a_filter() {
        assertThatThrownBy(() -> await(sleep(30))).isInstanceOfSatisfying(Problem.class, problem -> {
            assertThat(problem.status()).isEqualTo(503);
            assertThat(problem.retryAfter()).isPresent();
            assertThat(problem.detail()).contains("0.5 s").contains("filter");
        });
        assertThat(fixture.strings("SHOW statement_timeout")).containsExactly("0");
    }

    @Test
    void a_read_cannot_write() {
        assertThatThrownBy(() -> await(reads.read(tx ->
                        tx.query("INSERT INTO greeted (name) VALUES ('ann')").execute())))
                .hasMessageContaining("read-only");
    }

    @Test
    void many_concurrent_reads_leave_connections_for_writes() {
        List<Future<RowSet<Row>>> asked =
                IntStream.range(0, 10).mapToObj(i -> sleep(0.1)).toList();

        long begun = System.nanoTime();
        await(fixture.pool.query("INSERT INTO greeted (name) VALUES ('ann')").execute());
        Duration took = Duration.ofNanos(System.nanoTime() - begun);

        asked.forEach(each -> await(each.otherwiseEmpty()));
        assertThat(asked.stream().filter(Future::failed)).hasSizeGreaterThanOrEqualTo(7);
        assertThat(asked.stream().filter(Future::succeeded)).isNotEmpty();
        assertThat(took).isLessThan(Duration.ofSeconds(5));
    }

    private Future<RowSet<Row>> sleep(double seconds) {
        return reads.read(tx -> tx.query("SELECT pg_sleep(" + seconds + ")").execute());
    }
}
