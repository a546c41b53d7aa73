package dev.lockstep.messaging;

import static dev.lockstep.messaging.Fixture.greeter;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.lockstep.messaging.consumer.MessageConsumer;
import io.vertx.core.Promise;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

@DisplayNameGeneration(ReplaceUnderscores.class)
class ConsumerLagIT {
    @RegisterExtension
    final Fixture fixture = Fixture.withTopic(1);

    @Test
    void partitions_that_are_added_are_read_from_their_beginning_within_seconds() {
        fixture.consume(fixture.options(Map.of("auto.offset.reset", "latest")), greeter(), topic -> true);
        await().untilAsserted(() -> {
            // The group reads only messages that are sent after it has determined its start offset.
            fixture.hello("k", "probe");
            assertThat(fixture.greeted()).contains("probe");
        });

        fixture.addPartitions(4);
        for (int partition = 1; partition < 4; partition++) {
            fixture.helloTo(partition, "added-" + partition);
        }

        await().atMost(Duration.ofSeconds(15))
                .untilAsserted(() -> assertThat(fixture.greeted()).contains("added-1", "added-2", "added-3"));
        await().untilAsserted(() -> assertThat(fixture.lag()).isZero());
    }

    @Test
    void the_gauge_shows_the_lag_while_the_handler_is_stuck_and_a_warning_names_the_partition() {
        Promise<Void> stuck = Promise.promise();
        AtomicBoolean begun = new AtomicBoolean();
        MessageConsumer consumer = fixture.consume((tx, messages) -> {
            begun.set(true);
            return stuck.future().compose(done -> greeter().handle(tx, messages));
        });
        fixture.hello("k", "ann");
        await().untilTrue(begun);

        for (int i = 0; i < 30; i++) {
            fixture.hello("k", "more-" + i);
        }

        await().untilAsserted(() -> assertThat(fixture.lag()).isEqualTo(31));
        await().untilAsserted(() -> assertThat(consumer.warning())
                .hasValueSatisfying(warning -> assertThat(warning)
                        .startsWith(fixture.group + " does not read 1 partition: " + fixture.topic
                                + "-0 (lag 31 from offset 0, for ")));
        assertThat(fixture.meters
                        .get("lockstep.consumer.unread.partitions")
                        .gauge()
                        .value())
                .isEqualTo(1);

        stuck.complete();

        await().untilAsserted(() -> assertThat(fixture.lag()).isZero());
        await().untilAsserted(() -> assertThat(consumer.warning()).isEmpty());
    }

    @Test
    void the_lag_includes_partitions_of_other_members_and_topics_that_are_not_accepted() {
        fixture.addPartitions(2);
        fixture.consume(fixture.options(), greeter(), topic -> false);
        fixture.helloTo(0, "ann");
        fixture.helloTo(1, "bob");

        await().untilAsserted(() -> assertThat(fixture.lag()).isEqualTo(2));
    }

    @Test
    void a_topic_that_does_not_exist_is_named() {
        String missing = fixture.topic + "-missing";

        MessageConsumer consumer =
                fixture.consume(fixture.options(List.of(fixture.topic, missing), Map.of()), greeter(), topic -> true);

        await().untilAsserted(() ->
                assertThat(consumer.warning()).contains(fixture.group + " reads topics that do not exist: " + missing));
    }
}
