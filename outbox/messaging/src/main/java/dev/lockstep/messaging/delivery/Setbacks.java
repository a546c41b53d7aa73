package dev.lockstep.messaging.delivery;

import dev.lockstep.messaging.deadletter.DeadLetterStore;
import dev.lockstep.messaging.deadletter.DeadLetterStore.DeadLetter;
import dev.lockstep.messaging.delivery.IncidentStore.Event;
import dev.lockstep.messaging.delivery.IncidentStore.Incident;
import dev.lockstep.messaging.delivery.ParkedMessageStore.Parking;
import dev.lockstep.messaging.record.Headers;
import dev.lockstep.messaging.record.MessageIds;
import io.micrometer.core.instrument.MeterRegistry;
import io.vertx.core.Future;
import io.vertx.sqlclient.SqlClient;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.spi.LoggingEventBuilder;

/**
 * Puts aside what cannot be handled now, or ever, and says so: in the tables on the caller's transaction, and, once that has
 * committed, in metrics and logs.
 */
final class Setbacks {
    private static final Logger LOGGER = LoggerFactory.getLogger(Setbacks.class);
    private static final int LONGEST_ERROR = 2_000;

    private final ConsumerOptions options;
    private final MeterRegistry meters;
    private final MessageIds messageIds;
    private final ParkedMessageStore parked;
    private final DeadLetterStore deadLetters;
    private final IncidentStore incidents;

    Setbacks(ConsumerOptions options, MeterRegistry meters, MessageIds messageIds, ParkedMessageStore parked) {
        this.options = options;
        this.meters = meters;
        this.messageIds = messageIds;
        this.parked = parked;
        this.deadLetters = new DeadLetterStore(options.group());
        this.incidents = new IncidentStore(options.group());
    }

    /** Parks messages in the order given. */
    Future<Void> park(SqlClient tx, List<Parking> messages) {
        if (messages.isEmpty()) {
            return Future.succeededFuture();
        }
        return parked.park(tx, messages)
                .compose(done -> incidents.add(
                        tx, messages.stream().map(Setbacks::incident).toList()));
    }

    private static Incident incident(Parking parking) {
        Event event =
                parking.waitsFor() != null ? Event.GAP_SEEN : parking.error() == null ? Event.QUEUED : Event.PARKED;
        return new Incident(
                parking.message().source(), parking.message().messageId(), event, parking.attempts(), parking.error());
    }

    /** Makes dead letters of them, and lets go on what waited for them. */
    Future<Void> bury(SqlClient tx, List<DeadLetter> letters) {
        if (letters.isEmpty()) {
            return Future.succeededFuture();
        }
        Instant now = Instant.now();
        List<Incident> deaths = letters.stream()
                .map(letter -> new Incident(
                        letter.source(),
                        messageIds.of(letter.source(), now),
                        Event.DEAD,
                        letter.attempts(),
                        Headers.shortened(letter.reason() + ": " + letter.error(), LONGEST_ERROR)))
                .toList();
        return deadLetters
                .add(tx, letters)
                .compose(added ->
                        parked.wake(tx, deaths.stream().map(Incident::messageId).toList()))
                .compose(awake -> incidents.add(tx, deaths));
    }

    Future<Void> note(SqlClient tx, Incident incident) {
        return note(tx, List.of(incident));
    }

    Future<Void> note(SqlClient tx, List<Incident> all) {
        return incidents.add(tx, all);
    }

    /** Half of it fixed and half of it random, so that keys which failed together are not all tried together. */
    Duration backoff(int attempts) {
        long longest = Math.min(
                options.maxRetryBackoff().toMillis(), options.retryBackoff().toMillis() << Math.min(attempts - 1, 20));
        return Duration.ofMillis(longest / 2 + ThreadLocalRandom.current().nextLong(longest / 2 + 1));
    }

    /** For a message that nothing is wrong with: the longer it has been held up, the more rarely it is tried. */
    Duration patience(Instant firstAt) {
        Duration share = Duration.between(firstAt, Instant.now()).dividedBy(8);
        Duration longest = share.compareTo(options.maxRetryBackoff()) > 0 ? options.maxRetryBackoff() : share;
        Duration shortest = backoff(1);
        return longest.compareTo(shortest) > 0 ? longest : shortest;
    }

    void reportDead(DeadLetter letter) {
        count("dead", 1);
        at(LOGGER.atWarn(), letter.source())
                .addKeyValue("reason", letter.reason())
                .addKeyValue("error", letter.error())
                .log("a message is a dead letter");
    }

    void reportParked(ConsumerRecord<byte[], byte[]> record, Throwable cause) {
        count("parked", 1);
        at(LOGGER.atWarn(), record).setCause(cause).log("handling failed, parked the message and its key");
    }

    /** One line for all of them: a row that many need may be locked. */
    void reportHeldUp(List<? extends Inbound<?>> messages, Throwable cause) {
        if (messages.isEmpty()) {
            return;
        }
        count("parked", messages.size());
        at(LOGGER.atWarn(), messages.getFirst().source())
                .addKeyValue("messages", messages.size())
                .addKeyValue("error", describe(cause))
                .log("parked messages and their keys until a passing obstacle is gone; this is the first of them");
    }

    void reportStillHeldUp(ConsumerRecord<byte[], byte[]> record, String error) {
        at(LOGGER.atDebug(), record).addKeyValue("error", error).log("a parked message is still held up");
    }

    void reportTriedAlone(int messages, Throwable cause) {
        LOGGER.atInfo()
                .addKeyValue("service", options.group())
                .addKeyValue("messages", messages)
                .addKeyValue("error", describe(cause))
                .log("parked messages could not be handled in one transaction, each is tried in its own");
    }

    void reportGap(ConsumerRecord<byte[], byte[]> record, UUID missing) {
        meters.counter("lockstep.consumer.gaps", "group", options.group(), "topic", record.topic())
                .increment();
        at(LOGGER.atWarn(), record)
                .addKeyValue("missing", missing)
                .log("the message before this one has not arrived, its key waits for it");
    }

    void reportFailedAgain(ConsumerRecord<byte[], byte[]> record, int attempt, String error) {
        at(LOGGER.atWarn(), record)
                .addKeyValue("attempt", attempt)
                .addKeyValue("error", error)
                .log("a parked message failed again");
    }

    void count(String outcome, int messages) {
        meters.counter("lockstep.consumer.messages", "group", options.group(), "outcome", outcome)
                .increment(messages);
    }

    static DeadLetter exhausted(ConsumerRecord<byte[], byte[]> record, Throwable cause, int attempts, Instant firstAt) {
        return new DeadLetter(record, "HANDLER_FAILED", describe(cause), cause, attempts, firstAt);
    }

    static String describe(Throwable cause) {
        return Headers.shortened(
                Headers.storable(cause.getClass().getName() + ": " + cause.getMessage()), LONGEST_ERROR);
    }

    private LoggingEventBuilder at(LoggingEventBuilder event, ConsumerRecord<byte[], byte[]> record) {
        return event.addKeyValue("service", options.group())
                .addKeyValue("type", Headers.type(record))
                .addKeyValue("topic", record.topic())
                .addKeyValue("partition", record.partition())
                .addKeyValue("offset", record.offset());
    }
}
