package dev.lockstep.messaging.delivery;

import dev.lockstep.messaging.deadletter.DeadLetterStore;
import dev.lockstep.messaging.deadletter.DeadLetterStore.DeadLetter;
import dev.lockstep.messaging.delivery.DeliveryEventStore.DeliveryEvent;
import dev.lockstep.messaging.delivery.DeliveryEventStore.DeliveryEventType;
import dev.lockstep.messaging.record.Headers;
import dev.lockstep.messaging.record.MessageIds;
import dev.lockstep.messaging.record.TraceContext;
import dev.lockstep.messaging.tracing.MessageTracing;
import dev.lockstep.messaging.tracing.MessageTracing.Outcome;
import dev.lockstep.messaging.tracing.MessageTracing.Processing;
import dev.lockstep.messaging.tracing.Telemetry;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.vertx.core.Future;
import io.vertx.sqlclient.SqlClient;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.spi.LoggingEventBuilder;

/**
 * Parks messages that cannot be handled now, and stores dead letters for messages that can never be handled. The tables are written on the
 * caller's transaction. The {@code report} methods update metrics and logs, and are called after that transaction has committed.
 */
final class DeliveryFailures {
    private static final Logger LOGGER = LoggerFactory.getLogger(DeliveryFailures.class);
    private static final int MAX_ERROR_LENGTH = 2_000;
    private static final String QUEUED = "an earlier message of its key is parked";
    private static final List<String> OUTCOMES = List.of("handled", "repeated", "parked", "dead");

    private final ConsumerOptions options;
    private final MeterRegistry meters;
    private final MessageTracing tracing;
    private final MessageIds messageIds;
    private final ParkedMessageStore parked;
    private final PredecessorWaitStore waits;
    private final DeadLetterStore deadLetters;
    private final DeliveryEventStore events;

    DeliveryFailures(ConsumerOptions options, Telemetry telemetry, MessageIds messageIds, ParkedMessageStore parked) {
        this.options = options;
        this.meters = telemetry.meters();
        this.tracing = telemetry.tracing();
        this.messageIds = messageIds;
        this.parked = parked;
        this.waits = new PredecessorWaitStore(options.group());
        this.deadLetters = new DeadLetterStore(options.group());
        this.events = new DeliveryEventStore(options.group());
        // rate() and increase() do not see the first increment of a counter that appears with it.
        OUTCOMES.forEach(outcome -> count(outcome, 0));
        options.topics().forEach(this::gaps);
    }

    /** Parks messages in the order given. */
    Future<Void> park(SqlClient tx, List<ParkRequest> messages) {
        if (messages.isEmpty()) {
            return Future.succeededFuture();
        }
        return parked.park(tx, messages)
                .compose(done -> events.add(
                        tx,
                        messages.stream().map(DeliveryFailures::deliveryEvent).toList()));
    }

    private static DeliveryEvent deliveryEvent(ParkRequest parking) {
        DeliveryEventType event = parking.waitsFor() != null
                ? DeliveryEventType.GAP_SEEN
                : parking.error() == null ? DeliveryEventType.QUEUED : DeliveryEventType.PARKED;
        return new DeliveryEvent(
                parking.message().source(), parking.message().messageId(), event, parking.attempts(), parking.error());
    }

    /** Stores the dead letters, and makes those messages due that wait for them. */
    Future<Void> deadLetter(SqlClient tx, List<DeadLetter> newDeadLetters) {
        if (newDeadLetters.isEmpty()) {
            return Future.succeededFuture();
        }
        Instant now = Instant.now();
        List<DeliveryEvent> deadLetterEvents = newDeadLetters.stream()
                .map(deadLetter -> new DeliveryEvent(
                        deadLetter.source(),
                        messageIds.of(deadLetter.source(), now),
                        DeliveryEventType.DEAD,
                        deadLetter.attempts(),
                        Headers.truncate(deadLetter.reason() + ": " + deadLetter.error(), MAX_ERROR_LENGTH)))
                .toList();
        return deadLetters
                .add(tx, newDeadLetters)
                .compose(added -> waits.makeDue(
                        tx,
                        deadLetterEvents.stream().map(DeliveryEvent::messageId).toList()))
                .compose(madeDue -> events.add(tx, deadLetterEvents));
    }

    Future<Void> recordEvents(SqlClient tx, DeliveryEvent event) {
        return recordEvents(tx, List.of(event));
    }

    Future<Void> recordEvents(SqlClient tx, List<DeliveryEvent> all) {
        return events.add(tx, all);
    }

    /** Returns the wait before the next attempt. Keys that failed together are not all retried together. */
    Duration backoff(int attempts) {
        return options.retries().backoff().jitteredAfter(attempts);
    }

    /** Returns the wait for a message that is not at fault. The longer the message has been blocked, the less often it is retried. */
    Duration uncountedBackoff(Instant firstAt) {
        Duration share = Duration.between(firstAt, Instant.now()).dividedBy(8);
        Duration max = options.retries().backoff().max();
        Duration longest = share.compareTo(max) > 0 ? max : share;
        Duration shortest = backoff(1);
        return longest.compareTo(shortest) > 0 ? longest : shortest;
    }

    /** Begins the spans of messages that a transaction handles. */
    Processing processing() {
        return tracing.processing(options.group());
    }

    void reportDeadLetter(DeadLetter deadLetter) {
        count("dead", 1);
        trace(deadLetter.source(), Outcome.DEAD_LETTER, deadLetter.reason() + ": " + deadLetter.error());
        withRecord(LOGGER.atWarn(), deadLetter.source())
                .addKeyValue("reason", deadLetter.reason())
                .addKeyValue("error", deadLetter.error())
                .log("message became a dead letter");
    }

    void reportParked(ConsumerRecord<byte[], byte[]> record, Throwable cause) {
        count("parked", 1);
        trace(record, Outcome.PARKED, describe(cause));
        withRecord(LOGGER.atWarn(), record).setCause(cause).log("handling failed, parked the message and its key");
    }

    /** Logs one line for all messages, because many of them may need the same locked row. */
    void reportParkedUncounted(List<? extends DecodedRecord<?>> messages, Throwable cause) {
        if (messages.isEmpty()) {
            return;
        }
        count("parked", messages.size());
        String error = describe(cause);
        messages.forEach(each -> trace(each.source(), Outcome.PARKED, error));
        withRecord(LOGGER.atWarn(), messages.getFirst().source())
                .addKeyValue("messages", messages.size())
                .addKeyValue("error", error)
                .log("transient failure, parked messages and their keys; topic and offset are those of the first");
    }

    void reportTransient(int messages, Throwable cause) {
        LOGGER.atInfo()
                .addKeyValue("service", options.group())
                .addKeyValue("messages", messages)
                .addKeyValue("error", String.valueOf(cause))
                .log("transient failure in a batch, isolating the affected messages");
    }

    void reportStillParked(ConsumerRecord<byte[], byte[]> record, String error) {
        withRecord(LOGGER.atDebug(), record).addKeyValue("error", error).log("parked message is still blocked");
    }

    void reportRetriedAlone(int messages, Throwable cause) {
        LOGGER.atInfo()
                .addKeyValue("service", options.group())
                .addKeyValue("messages", messages)
                .addKeyValue("error", describe(cause))
                .log("parked messages could not be handled in one transaction, retrying each in its own");
    }

    /** Reports a message that waits for another one. */
    void reportSetAside(ParkRequest parking) {
        ConsumerRecord<byte[], byte[]> record = parking.message().source();
        UUID missing = parking.waitsFor();
        trace(record, Outcome.PARKED, missing == null ? QUEUED : SequenceGap.describe(missing));
        if (missing != null) {
            reportGap(record, missing);
        }
    }

    void reportGap(ConsumerRecord<byte[], byte[]> record, UUID missing) {
        gaps(record.topic()).increment();
        withRecord(LOGGER.atWarn(), record)
                .addKeyValue("missing", missing)
                .log("previous message has not arrived, parked the message and its key until it does");
    }

    void reportFailedAgain(ConsumerRecord<byte[], byte[]> record, int attempt, String error) {
        trace(record, Outcome.FAILED_AGAIN, error);
        withRecord(LOGGER.atWarn(), record)
                .addKeyValue("attempt", attempt)
                .addKeyValue("error", error)
                .log("parked message failed again");
    }

    void count(String outcome, int messages) {
        meters.counter("lockstep.consumer.messages", "group", options.group(), "outcome", outcome)
                .increment(messages);
    }

    private Counter gaps(String topic) {
        return meters.counter("lockstep.consumer.gaps", "group", options.group(), "topic", topic);
    }

    static DeadLetter exhausted(ConsumerRecord<byte[], byte[]> record, Throwable cause, int attempts, Instant firstAt) {
        return new DeadLetter(record, "HANDLER_FAILED", describe(cause), cause, attempts, firstAt);
    }

    static String describe(Throwable cause) {
        return Headers.truncate(
                Headers.toStorable(cause.getClass().getName() + ": " + cause.getMessage()), MAX_ERROR_LENGTH);
    }

    private void trace(ConsumerRecord<byte[], byte[]> record, Outcome outcome, String reason) {
        tracing.notHandled(options.group(), record, outcome, reason);
    }

    private LoggingEventBuilder withRecord(LoggingEventBuilder event, ConsumerRecord<byte[], byte[]> record) {
        String traceparent = TraceContext.of(record);
        LoggingEventBuilder traced =
                traceparent == null ? event : event.addKeyValue("traceId", TraceContext.traceId(traceparent));
        return traced.addKeyValue("service", options.group())
                .addKeyValue("type", Headers.type(record))
                .addKeyValue("topic", record.topic())
                .addKeyValue("partition", record.partition())
                .addKeyValue("offset", record.offset());
    }
}
