package dev.lockstep.messaging;

import static dev.lockstep.messaging.Fixture.greeter;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.lockstep.messaging.consumer.MessageConsumer;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.time.Duration;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** A handler whose future never completes for one of the messages, or fails only after a while. */
@DisplayNameGeneration(ReplaceUnderscores.class)
@Execution(ExecutionMode.CONCURRENT)
@Tag("slow")
class HangingHandlerIT {
    @RegisterExtension
    final Fixture fixture = Fixture.withTopic(1);

    @Test
    void a_message_whose_handler_hangs_becomes_a_dead_letter_and_all_others_are_applied_once() {
        fixture.hello("a", "ann");
        fixture.hello("b", "bob");
        fixture.hello("b", "bea");
        fixture.hello("c", "cid");

        MessageConsumer consumer = fixture.consume((tx, messages) ->
                messages.stream().anyMatch(each -> each.message().name().equals("bob"))
                        ? greeter()
                                .handle(tx, messages)
                                .compose(greeted -> Promise.<Void>promise().future())
                        : greeter().handle(tx, messages));

        await().atMost(Duration.ofSeconds(40))
                .until(() -> consumer.problem().orElse("").contains("has been applying topic " + fixture.topic));
        assertThat(consumer.problem().orElseThrow()).contains("partition 0 from offset 0 for 1");
        assertThat(consumer.stall()).isEmpty();
        await().atMost(Duration.ofSeconds(60))
                .untilAsserted(() -> assertThat(fixture.greeted()).contains("ann", "cid"));
        await().atMost(Duration.ofSeconds(60))
                .untilAsserted(() -> assertThat(fixture.greeted()).containsExactlyInAnyOrder("ann", "cid", "bea"));
        assertThat(fixture.strings("SELECT reason || ' ' || attempts FROM dead_letter"))
                .containsExactly("HANDLER_FAILED 3");
        assertThat(fixture.strings("SELECT pid FROM pg_stat_activity"
                        + " WHERE datname = current_database() AND state LIKE 'idle in transaction%'"))
                .isEmpty();
        assertThat(consumer.problem()).isEmpty();
    }

    @Test
    void messages_that_all_fail_slowly_are_parked_when_bisection_has_taken_too_long() {
        int messages = 100;
        for (int i = 0; i < messages; i++) {
            fixture.hello("k" + i, "n" + i);
        }

        fixture.consume((tx, received) -> Future.future(
                promise -> fixture.vertx.setTimer(2_500, fired -> promise.fail(new IllegalStateException("slow")))));

        // One transaction for each message would take 250 s.
        await().atMost(Duration.ofSeconds(90))
                .untilAsserted(() -> assertThat(fixture.strings("SELECT 'parked' FROM parked_message"))
                        .hasSize(messages));
    }
}
