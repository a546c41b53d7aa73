package dev.lockstep.messaging;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.lockstep.messaging.delivery.Received;
import dev.lockstep.messaging.outbox.Outbox;
import dev.lockstep.messaging.outbox.OutboxMessage;
import dev.lockstep.messaging.outbox.ResendRequested;
import dev.lockstep.messaging.resend.ResendResponder;
import dev.lockstep.messaging.resend.Resends;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;

/** A reader asks for all messages of a topic since a time. */
@DisplayNameGeneration(ReplaceUnderscores.class)
class ResendSinceIT {
    private static final String RESENT =
            "SELECT convert_from(payload, 'UTF8')::json->>'name' FROM outbox WHERE resend_of IS NOT NULL ORDER BY id";
    private static final String JOBS = "SELECT count(*) FROM outbox_resend";

    private Fixture fixture;
    private Resends resends;

    @BeforeEach
    void open() {
        fixture = new Fixture();
        resends = new Resends(fixture.vertx, fixture.pool);
    }

    @AfterEach
    void close() {
        resends.stop();
        fixture.close();
    }

    @Test
    void every_sender_sends_its_own_messages_of_the_topic_again_in_their_order_and_no_older_ones() {
        append(fixture.topic, "old");
        Instant since = Instant.parse(fixture.strings(
                        "SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')")
                .getFirst());
        fixture.strings("SELECT pg_sleep(0.01)");
        append(fixture.topic, "ann", "bob");
        append("another-topic", "cid");

        ask(request("*", since, fixture.uuidv7()));
        resends.start();

        await().untilAsserted(() -> assertThat(fixture.strings(RESENT)).containsExactly("ann", "bob"));
    }

    @Test
    void a_request_that_is_meant_for_another_sender_or_that_was_answered_already_changes_nothing() {
        append(fixture.topic, "ann");
        Instant since = Instant.now().minusSeconds(60);
        UUID noticed = fixture.uuidv7();
        resends.start();
        ask(request("*", since, noticed));
        await().untilAsserted(() -> assertThat(fixture.strings(RESENT)).containsExactly("ann"));

        ask(request("/others", since, fixture.uuidv7()));
        ask(request("/tests", since, noticed));
        ask(request("*", since.plusSeconds(30), noticed));

        assertThat(fixture.strings(JOBS)).containsExactly("1");
    }

    @Test
    void requests_that_come_while_one_is_answered_share_its_job_from_the_earliest_time_on() {
        Instant since = Instant.now().minusSeconds(60);
        ask(request("*", since, fixture.uuidv7()));
        ask(request("*", since.minusSeconds(60), fixture.uuidv7()));
        ask(request("*", since.plusSeconds(5), fixture.uuidv7()));

        assertThat(fixture.strings("SELECT since = uuidv7_floor('" + since.minusSeconds(60) + "') FROM outbox_resend"))
                .containsExactly("true");
    }

    @Test
    void nothing_is_sent_again_that_a_reader_could_take_for_new() {
        ask(request("*", Instant.EPOCH, fixture.uuidv7()));

        assertThat(fixture.strings("SELECT since BETWEEN uuidv7_floor(now() - interval '7 days 1 minute')"
                        + " AND uuidv7_floor(now() - interval '7 days') FROM outbox_resend"))
                .containsExactly("true");
    }

    @Test
    void a_time_that_is_none_is_refused() {
        assertThatThrownBy(() -> new ResendRequested("*", "t", null, UUID.randomUUID(), "yesterday"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("since must be a time such as");
    }

    private ResendRequested request(String source, Instant since, UUID id) {
        return new ResendRequested(source, fixture.topic, null, id, since.toString());
    }

    private void ask(ResendRequested request) {
        Fixture.await(fixture.pool.withTransaction(tx -> new ResendResponder("/tests", Duration.ofDays(7))
                .handle(
                        tx,
                        List.of(new Received<>(request, UUID.randomUUID(), ResendRequested.TOPIC, 0, 0, "k", null)))));
    }

    private void append(String topic, String... names) {
        for (String name : names) {
            Fixture.await(fixture.pool.withTransaction(tx -> new Outbox()
                    .append(tx, List.of(OutboxMessage.of("greeting", name, topic, new Fixture.Hello(name), null)))));
        }
    }
}
