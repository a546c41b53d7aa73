package dev.lockstep.messaging;

import static dev.lockstep.messaging.Fixture.greeter;
import static dev.lockstep.testing.Futures.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.lockstep.messaging.consumer.MessageConsumer;
import io.vertx.core.Promise;
import io.vertx.core.json.JsonObject;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Records that are removed from a topic before the group has read them. */
@DisplayNameGeneration(ReplaceUnderscores.class)
class LostRangeIT {
    private static final String LOST =
            "SELECT cause || ' ' || partition || ' [' || from_offset || ',' || coalesce(to_offset::text, 'unknown') || ')'"
                    + " FROM lost_range ORDER BY id";

    @RegisterExtension
    final Fixture fixture = Fixture.withTopic(1);

    @Test
    void records_removed_while_stopped_are_detected_counted_and_requested_once_at_the_next_start() {
        readAndStop("ann", "bob");
        send("cid", "dan");
        fixture.deleteRecords(0, 4);
        send("eve");

        MessageConsumer consumer = fixture.consume(greeter());

        await().untilAsserted(() -> assertThat(fixture.greeted()).containsExactly("ann", "bob", "eve"));
        assertThat(fixture.strings(LOST)).containsExactly("REMOVED 0 [2,4)");
        assertThat(count("lockstep.consumer.lost.ranges")).isEqualTo(1);
        assertThat(count("lockstep.consumer.lost.records")).isEqualTo(2);
        assertThat(consumer.warning())
                .hasValueSatisfying(warning -> assertThat(warning)
                        .startsWith("records were removed before " + fixture.group + " read them, and were requested"
                                + " again from their senders: " + fixture.topic + "-0 [2,4) at "));
        assertThat(consumer.problem()).isEmpty();
        await().untilAsserted(() -> assertThat(fixture.lag()).isZero());

        // After a restart, no further loss is detected.
        await(consumer.stop());
        MessageConsumer restarted = fixture.consume(greeter());
        send("fay");

        await().untilAsserted(() -> assertThat(fixture.greeted()).endsWith("fay"));
        assertThat(requests()).hasSize(1);
        assertThat(restarted.warning())
                .hasValueSatisfying(warning -> assertThat(warning).contains(fixture.topic + "-0 [2,4) at "));
    }

    @Test
    void messages_are_requested_since_a_margin_before_the_newest_applied_one() {
        Instant before = Instant.now();
        readAndStop("ann");
        send("bob");
        fixture.deleteRecords(0, 2);

        fixture.consume(greeter());

        await().untilAsserted(() -> assertThat(requests()).hasSize(1));
        JsonObject request = requests().getFirst();
        assertThat(request.getString("source")).isEqualTo("*");
        assertThat(request.getString("topic")).isEqualTo(fixture.topic);
        assertThat(UUID.fromString(request.getString("messageId")).version()).isEqualTo(7);
        assertThat(Instant.parse(request.getString("since")))
                .isBetween(before.minus(Duration.ofMinutes(11)), Instant.now().minus(Duration.ofMinutes(9)));
    }

    @Test
    void messages_of_a_never_read_partition_are_requested_since_the_inbox_retention() {
        fixture.addPartitions(2);
        MessageConsumer first = fixture.consume(greeter());
        fixture.helloTo(0, "ann");
        await().untilAsserted(() -> assertThat(fixture.greeted()).containsExactly("ann"));
        await(first.stop());
        fixture.helloTo(1, "bob");
        fixture.deleteRecords(1, 1);

        fixture.consume(greeter());

        await().untilAsserted(() -> assertThat(fixture.strings(LOST)).containsExactly("REMOVED 1 [0,1)"));
        assertThat(Instant.parse(requests().getFirst().getString("since")))
                .isBetween(
                        Instant.now().minus(Duration.ofDays(7)).minusSeconds(60),
                        Instant.now().minus(Duration.ofDays(7)));
    }

    @Test
    void records_removed_under_a_running_consumer_are_detected_at_the_next_fetch() {
        Promise<Void> closed = Promise.promise();
        fixture.consume(fixture.options(), greeter(), topic -> closed.future().isComplete());
        send("ann", "bob", "cid");
        await().untilAsserted(() -> assertThat(fixture.lag()).isEqualTo(3));
        fixture.deleteRecords(0, 2);

        closed.complete();

        await().untilAsserted(() -> assertThat(fixture.greeted()).containsExactly("cid"));
        assertThat(fixture.strings(LOST)).containsExactly("REMOVED 0 [0,2)");
        assertThat(requests()).hasSize(1);
    }

    @Test
    void records_of_a_recreated_topic_are_requested_and_the_new_topic_is_read_from_the_beginning() {
        readAndStop("ann", "bob");
        send("cid");
        fixture.recreateTopic(1);
        // More records than the group had read, so that its old offset is within the new log.
        send("dan", "eve", "fay", "gus");
        fixture.setCommitted(0, 2);

        MessageConsumer consumer = fixture.consume(greeter());

        await().untilAsserted(
                        () -> assertThat(fixture.greeted()).containsExactly("ann", "bob", "dan", "eve", "fay", "gus"));
        assertThat(fixture.strings(LOST)).containsExactly("TOPIC_RECREATED 0 [2,unknown)");
        assertThat(requests()).hasSize(1);
        await().untilAsserted(() -> assertThat(fixture.lag()).isZero());

        await(consumer.stop());
        send("hal");
        fixture.consume(greeter());
        await().untilAsserted(() -> assertThat(fixture.greeted()).endsWith("gus", "hal"));
        assertThat(requests()).hasSize(1);
    }

    @Test
    void records_of_a_topic_recreated_under_a_running_consumer_are_requested() {
        fixture.consume(greeter());
        send("ann", "bob", "cid");
        await().untilAsserted(() -> assertThat(fixture.greeted()).containsExactly("ann", "bob", "cid"));

        fixture.recreateTopic(1);
        List<String> after = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            after.add("after-" + i);
            send("after-" + i);
        }

        await().untilAsserted(() -> assertThat(fixture.greeted()).containsAll(after));
        await().untilAsserted(() -> assertThat(fixture.strings(LOST)).containsExactly("TOPIC_RECREATED 0 [3,unknown)"));
        assertThat(fixture.greeted()).hasSize(9).doesNotHaveDuplicates();
        assertThat(requests()).hasSize(1);
    }

    @Test
    void a_committed_offset_beyond_the_end_of_the_log_is_a_loss_too() {
        readAndStop("ann", "bob");
        fixture.setCommitted(0, 40);

        fixture.consume(greeter());
        await().untilAsserted(() -> assertThat(fixture.strings(LOST)).containsExactly("LOG_CUT_OFF 0 [2,40)"));
        send("cid");

        await().untilAsserted(() -> assertThat(fixture.greeted()).containsExactly("ann", "bob", "cid"));
        assertThat(requests()).hasSize(1);
        await().untilAsserted(() -> assertThat(fixture.committed()).isEqualTo(3));
    }

    @Test
    void a_reset_group_and_a_new_group_report_no_loss() {
        send("ann");
        fixture.deleteRecords(0, 1);
        send("bob");
        MessageConsumer first = fixture.consume(greeter());
        await().untilAsserted(() -> assertThat(fixture.committed()).isEqualTo(2));
        await(first.stop());
        fixture.deleteCommittedOffsets();

        fixture.consume(greeter());
        send("cid");

        await().untilAsserted(() -> assertThat(fixture.greeted()).containsExactly("bob", "cid"));
        assertThat(fixture.strings(LOST)).isEmpty();
        assertThat(requests()).isEmpty();
    }

    private void readAndStop(String... names) {
        MessageConsumer consumer = fixture.consume(greeter());
        send(names);
        await().untilAsserted(() -> assertThat(fixture.committed()).isEqualTo(names.length));
        await(consumer.stop());
    }

    private void send(String... names) {
        for (String name : names) {
            fixture.hello("k", name);
        }
    }

    private double count(String meter) {
        return fixture.meters
                .get(meter)
                .tags("group", fixture.group, "topic", fixture.topic)
                .counter()
                .count();
    }

    private List<JsonObject> requests() {
        return fixture
                .strings("SELECT convert_from(payload, 'UTF8') FROM outbox WHERE topic = 'lockstep.resend-requests'")
                .stream()
                .map(JsonObject::new)
                .toList();
    }
}
