package dev.lockstep.messaging.consumer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.messaging.Fixture;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;

@DisplayNameGeneration(ReplaceUnderscores.class)
class EventLoopBridgeTest {
    private final Vertx vertx = Vertx.vertx();
    private final EventLoopBridge work = new EventLoopBridge(vertx.getOrCreateContext());

    @AfterEach
    void close() {
        Fixture.await(vertx.close());
    }

    @Test
    void await_returns_null_on_success_and_the_failure_otherwise() throws InterruptedException {
        IllegalStateException refused = new IllegalStateException("refused");
        IllegalStateException thrown = new IllegalStateException("thrown");

        assertThat(work.await(Future::succeededFuture)).isNull();
        assertThat(work.await(() -> Future.failedFuture(refused))).isSameAs(refused);
        assertThat(work.await(() -> {
                    throw thrown;
                }))
                .isSameAs(thrown);
    }

    @Test
    void await_fails_on_an_event_loop() {
        Future<Object> waited = Future.future(outcome -> vertx.runOnContext(onTheLoop -> {
            try {
                outcome.complete(work.await(Future::succeededFuture));
            } catch (IllegalStateException | InterruptedException refused) {
                outcome.fail(refused);
            }
        }));

        assertThatThrownBy(() -> Fixture.await(waited))
                .hasMessageContaining("await must not be called on an event loop thread");
    }
}
