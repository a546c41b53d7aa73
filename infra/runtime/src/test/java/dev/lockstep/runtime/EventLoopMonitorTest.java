package dev.lockstep.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.netty.util.concurrent.DefaultEventExecutor;
import io.netty.util.concurrent.EventExecutor;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;

@DisplayNameGeneration(ReplaceUnderscores.class)
class EventLoopMonitorTest {
    // The threads of this test may get no CPU for seconds on a busy machine.
    private static final Duration LIMIT = Duration.ofSeconds(30);
    private static final double LATE_SECONDS = 0.1;

    private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
    private final EventExecutor blocked = new DefaultEventExecutor();
    private final EventExecutor idle = new DefaultEventExecutor();
    private final CountDownLatch released = new CountDownLatch(1);

    @BeforeEach
    void monitor() {
        EventLoopMonitor.monitor(List.of(blocked, idle), meters);
    }

    @AfterEach
    void shutDownLoops() {
        released.countDown();
        List.of(blocked, idle).forEach(EventLoopMonitorTest::shutDown);
    }

    @Test
    void a_loop_is_reported_while_it_is_blocked() {
        blocked.execute(this::block);

        await().atMost(LIMIT).untilAsserted(() -> assertThat(blockedSeconds()).isGreaterThan(LATE_SECONDS));
    }

    @Test
    void a_loop_that_was_blocked_records_its_delay_once_it_is_released() {
        blocked.execute(this::block);
        await().atMost(LIMIT).untilAsserted(() -> assertThat(blockedSeconds()).isGreaterThan(LATE_SECONDS));

        released.countDown();

        await().atMost(LIMIT).untilAsserted(() -> assertThat(blockedSeconds()).isLessThan(LATE_SECONDS));
        assertThat(meters.get("lockstep.event.loop.lag").timer().max(TimeUnit.SECONDS))
                .isGreaterThan(LATE_SECONDS);
    }

    @Test
    void a_loop_that_has_shut_down_is_not_reported() {
        blocked.execute(this::block);
        await().atMost(LIMIT).untilAsserted(() -> assertThat(blockedSeconds()).isGreaterThan(LATE_SECONDS));

        shutDown(blocked);

        await().atMost(LIMIT).untilAsserted(() -> assertThat(blockedSeconds()).isLessThan(LATE_SECONDS));
    }

    private static void shutDown(EventExecutor loop) {
        var _ = loop.shutdownGracefully(0, 0, TimeUnit.SECONDS);
    }

    private double blockedSeconds() {
        return meters.get("lockstep.event.loop.blocked").gauge().value();
    }

    private void block() {
        try {
            released.await();
        } catch (InterruptedException end) {
            Thread.currentThread().interrupt();
        }
    }
}
