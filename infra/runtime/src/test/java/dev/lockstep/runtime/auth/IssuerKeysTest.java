package dev.lockstep.runtime.auth;

import static dev.lockstep.testing.Futures.await;
import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.messaging.schedule.Backoff;
import dev.lockstep.runtime.auth.IssuerKeys.Schedule;
import dev.lockstep.testing.TestKey;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.time.Duration;
import java.util.Deque;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.atomic.AtomicLong;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;

@DisplayNameGeneration(ReplaceUnderscores.class)
class IssuerKeysTest {
    private static final Vertx VERTX = Vertx.vertx();
    private static final SigningKeys FIRST = keys("first");
    private static final SigningKeys SECOND = keys("second");
    private static final Duration NEVER = Duration.ofHours(1);

    private final Deque<Promise<SigningKeys>> requests = new ConcurrentLinkedDeque<>();
    private final AtomicLong nanos = new AtomicLong();
    private final IssuerKeys keys = keys(new Schedule(NEVER, new Backoff(NEVER, NEVER), Duration.ofSeconds(10)));

    @AfterEach
    void stop() {
        keys.stop();
    }

    @AfterAll
    static void close() {
        await(VERTX.close());
    }

    @Test
    void there_are_no_keys_until_they_are_read() {
        keys.start();

        assertThat(keys.current()).isEmpty();
        assertThat(keys.warning()).contains("the keys of https://id.example have not been read yet");

        requests.getLast().complete(FIRST);

        assertThat(keys.current()).contains(FIRST);
        assertThat(keys.warning()).isEmpty();
    }

    @Test
    void a_failure_before_the_first_keys_is_reported() {
        keys.start();
        requests.getLast().fail("refused");

        assertThat(keys.current()).isEmpty();
        assertThat(keys.warning())
                .contains("requests that need sign-in are answered 503, because the keys of https://id.example could"
                        + " not be read: refused");
    }

    @Test
    void known_keys_remain_in_use_while_the_issuer_is_unavailable() {
        started();
        Future<Void> attempted = keys.renewForUnknownKey();
        requests.getLast().fail("refused");

        assertThat(attempted.succeeded()).isTrue();
        assertThat(keys.current()).contains(FIRST);
        assertThat(keys.mayBeOutdated()).isTrue();
        assertThat(keys.warning())
                .contains("the keys of https://id.example could not be renewed, so tokens signed with a newer key are"
                        + " not accepted: refused");
    }

    @Test
    void an_unknown_key_renews_the_keys_at_most_once_in_the_interval() {
        started();

        keys.renewForUnknownKey();
        requests.getLast().complete(SECOND);
        nanos.addAndGet(Duration.ofSeconds(10).toNanos() - 1);
        keys.renewForUnknownKey();
        assertThat(requests).hasSize(2);
        assertThat(keys.current()).contains(SECOND);

        nanos.incrementAndGet();
        keys.renewForUnknownKey();
        assertThat(requests).hasSize(3);
    }

    @Test
    void requests_with_unknown_keys_share_a_renewal() {
        started();

        Future<Void> first = keys.renewForUnknownKey();
        Future<Void> second = keys.renewForUnknownKey();
        assertThat(requests).hasSize(2);
        assertThat(second.isComplete()).isFalse();
        requests.getLast().complete(SECOND);

        assertThat(first.succeeded()).isTrue();
        assertThat(second.succeeded()).isTrue();
    }

    @Test
    void a_source_that_throws_counts_as_unavailable() {
        IssuerKeys broken = new IssuerKeys(
                VERTX,
                "https://id.example",
                () -> {
                    throw new IllegalStateException("closed");
                },
                new Schedule(NEVER, new Backoff(NEVER, NEVER), NEVER),
                nanos::get);
        broken.start();
        broken.stop();

        assertThat(broken.warning().orElseThrow()).endsWith("could not be read: closed");
    }

    @Test
    void keys_are_renewed_regularly_and_sooner_after_a_failure() {
        Duration soon = Duration.ofMillis(1);
        IssuerKeys renewed = keys(new Schedule(soon, new Backoff(soon, soon), NEVER));
        renewed.start();
        requests.getLast().complete(FIRST);

        Awaitility.await().until(() -> requests.size() == 2);
        requests.getLast().fail("refused");
        Awaitility.await().until(() -> requests.size() == 3);
        requests.getLast().complete(SECOND);
        renewed.stop();

        assertThat(renewed.current()).contains(SECOND);
        assertThat(renewed.mayBeOutdated()).isFalse();
    }

    @Test
    void nothing_is_renewed_after_a_stop() {
        started();
        keys.stop();
        nanos.addAndGet(Duration.ofMinutes(1).toNanos());

        assertThat(keys.renewForUnknownKey().succeeded()).isTrue();
        assertThat(requests).hasSize(1);
    }

    private void started() {
        keys.start();
        requests.getLast().complete(FIRST);
    }

    private IssuerKeys keys(Schedule schedule) {
        return new IssuerKeys(
                VERTX,
                "https://id.example",
                () -> {
                    Promise<SigningKeys> request = Promise.promise();
                    requests.add(request);
                    return request.future();
                },
                schedule,
                nanos::get);
    }

    private static SigningKeys keys(String id) {
        return SigningKeys.of(
                VERTX,
                new JsonObject().put("keys", new JsonArray().add(TestKey.ec(id).jwk())));
    }
}
