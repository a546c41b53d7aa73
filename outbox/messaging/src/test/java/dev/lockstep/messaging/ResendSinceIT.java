package dev.lockstep.messaging;

import static dev.lockstep.testing.Futures.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.lockstep.messaging.delivery.ReceivedMessage;
import dev.lockstep.messaging.outbox.Outbox;
import dev.lockstep.messaging.outbox.OutboxMessage;
import dev.lockstep.messaging.outbox.ResendRequested;
import dev.lockstep.messaging.resend.ResendJobs;
import dev.lockstep.messaging.resend.ResendRequestHandler;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A consumer requests all messages of a topic since a time. */
@DisplayNameGeneration(ReplaceUnderscores.class)
class ResendSinceIT {
    private static final String RESENT =
            "SELECT convert_from(payload, 'UTF8')::json->>'name' FROM outbox WHERE resend_of IS NOT NULL ORDER BY id";
    private static final String JOBS = "SELECT count(*) FROM outbox_resend";

    @RegisterExtension
    final Fixture fixture = new Fixture();

    private final ResendJobs resends = new ResendJobs(fixture.vertx, fixture.pool);

    @AfterEach
    void close() {
        resends.stop();
    }

    @Test
    void a_request_by_time_resends_the_newer_messages_of_the_topic_in_order() {
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
    void a_request_for_another_sender_or_already_answered_is_ignored() {
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
    void concurrent_requests_share_one_job_from_the_earliest_time() {
        Instant since = Instant.now().minusSeconds(60);
        ask(request("*", since, fixture.uuidv7()));
        ask(request("*", since.minusSeconds(60), fixture.uuidv7()));
        ask(request("*", since.plusSeconds(5), fixture.uuidv7()));

        assertThat(fixture.strings("SELECT since = uuidv7_floor('" + since.minusSeconds(60) + "') FROM outbox_resend"))
                .containsExactly("true");
    }

    @Test
    void messages_past_the_dedup_window_are_not_resent() {
        ask(request("*", Instant.EPOCH, fixture.uuidv7()));

        assertThat(fixture.strings("SELECT since BETWEEN uuidv7_floor(now() - interval '7 days 1 minute')"
                        + " AND uuidv7_floor(now() - interval '7 days') FROM outbox_resend"))
                .containsExactly("true");
    }

    @Test
    void an_invalid_time_is_rejected() {
        assertThatThrownBy(() -> new ResendRequested("*", "t", null, UUID.randomUUID(), "yesterday"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("since must be a time such as");
    }

    private ResendRequested request(String source, Instant since, UUID id) {
        return new ResendRequested(source, fixture.topic, null, id, since.toString());
    }

    private void ask(ResendRequested request) {
        await(fixture.pool.withTransaction(tx -> new ResendRequestHandler("/tests", Duration.ofDays(7))
                .handle(
                        tx,
                        List.of(new ReceivedMessage<>(
                                request, UUID.randomUUID(), ResendRequested.TOPIC, 0, 0, "k", null)))));
    }

    private void append(String topic, String... names) {
        for (String name : names) {
            await(fixture.pool.withTransaction(tx -> new Outbox()
                    .append(tx, List.of(OutboxMessage.of("greeting", name, topic, new Fixture.Hello(name), null)))));
        }
    }
}
