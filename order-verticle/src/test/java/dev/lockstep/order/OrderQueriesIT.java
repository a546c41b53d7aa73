package dev.lockstep.order;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.order.OrderService.Answer;
import dev.lockstep.testing.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

@DisplayNameGeneration(ReplaceUnderscores.class)
class OrderQueriesIT {
    @RegisterExtension
    final TestDatabase database = new TestDatabase("reads");

    @Test
    void blocked_reads_time_out_and_leave_connections_for_writes() throws SQLException {
        try (OrderService orders = OrderService.start(database, Map.of("POSTGRES_POOL_SIZE", "4"));
                Connection operator = database.connect();
                Statement statement = operator.createStatement()) {
            // Queries on orders wait for this lock.
            String order = orders.place("u1");
            operator.setAutoCommit(false);
            statement.execute("LOCK TABLE orders IN ACCESS EXCLUSIVE MODE");

            long start = System.nanoTime();
            List<CompletableFuture<Answer>> asked = IntStream.range(0, 24)
                    .mapToObj(i -> orders.getLater(i % 2 == 0 ? "/orders?userId=u1" : "/orders/" + order))
                    .toList();
            Answer changed = orders.post("/dead-letters/01998d2e-7c4f-7b31-9a52-3f6d1c0e8b24/replay", "");
            boolean stillReading = asked.stream().anyMatch(each -> !each.isDone());

            assertThat(changed.status()).as(changed.toString()).isEqualTo(404);
            assertThat(stillReading).isTrue();
            assertThat(asked.stream().map(CompletableFuture::join)).allSatisfy(answer -> {
                assertThat(answer.status()).isEqualTo(503);
                assertThat(answer.header("Retry-After")).isNotEmpty();
            });
            assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(40));

            operator.rollback();
            assertThat(orders.get("/orders/" + order).status()).isEqualTo(200);
            assertThat(orders.get("/orders?userId=u1").status()).isEqualTo(200);
        }
    }
}
