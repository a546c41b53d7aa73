package dev.lockstep.messaging.consumer;

import static dev.lockstep.testing.Futures.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.junit5.VertxExtension;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@DisplayNameGeneration(ReplaceUnderscores.class)
@ExtendWith(VertxExtension.class)
class EventLoopBridgeTest {
    private final AtomicInteger ended = new AtomicInteger();
    private final Vertx vertx;
    private final EventLoopBridge work;

    EventLoopBridgeTest(Vertx vertx) {
        this.vertx = vertx;
        work = new EventLoopBridge(vertx.getOrCreateContext(), ended::incrementAndGet);
    }

    @Test
    void await_returns_the_result_or_throws_the_failure() throws ExecutionException, InterruptedException {
        IllegalStateException refused = new IllegalStateException("refused");
        IllegalStateException thrown = new IllegalStateException("thrown");

        assertThat(work.await(() -> Future.succeededFuture("done"))).isEqualTo("done");
        assertThatThrownBy(() -> work.await(() -> Future.failedFuture(refused)))
                .isInstanceOfSatisfying(
                        ExecutionException.class,
                        failure -> assertThat(EventLoopBridge.causeOf(failure)).isSameAs(refused));
        assertThatThrownBy(() -> work.await(() -> {
                    throw thrown;
                }))
                .hasCause(thrown);
        assertThat(ended).hasValue(3);
    }

    @Test
    void await_fails_on_an_event_loop() {
        Future<Object> waited = Future.future(outcome -> vertx.runOnContext(onTheLoop -> {
            try {
                outcome.complete(work.await(Future::succeededFuture));
            } catch (IllegalStateException | ExecutionException | InterruptedException refused) {
                outcome.fail(refused);
            }
        }));

        assertThatThrownBy(() -> await(waited))
                .hasMessageContaining("await must not be called on an event loop thread");
    }
}
