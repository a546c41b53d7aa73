package dev.lockstep.messaging.tracing;

import io.vertx.core.Future;
import java.util.UUID;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;

/**
 * Records the path of messages as spans. The library calls it wherever a message is appended to the outbox, handled, parked or given up.
 * Trace contexts are W3C {@code traceparent} values. Every method returns at once and never throws.
 */
public interface MessageTracing {
    /** Records nothing, allocates nothing, and returns every trace context unchanged. */
    MessageTracing OFF = new TracingOff();

    /** What becomes of a message that was not handled. */
    enum Outcome {
        /** It is handled later. */
        PARKED,
        /** A parked message failed again, and is handled later. */
        FAILED_AGAIN,
        /** It is a dead letter. */
        DEAD_LETTER
    }

    /** The spans of the messages that one transaction appends to the outbox. */
    interface Sending {
        /**
         * Begins the span of one message.
         *
         * @param traceparent the trace context of the message, or null if it has none; it then gets no span
         * @return the trace context to store with the message
         */
        @Nullable
        String begin(String topic, String type, String key, @Nullable String traceparent);

        /** Ends all spans when the transaction commits. If it does not, nothing was sent, and the spans are discarded. */
        void endWith(Future<Void> transaction);
    }

    /** The spans of the messages that one transaction handles. */
    interface Processing {
        /**
         * Begins the span of one message.
         *
         * @param traceparent the trace context of the record, or null if it has none
         * @return the trace context for the messages that this one causes
         */
        @Nullable
        String begin(ConsumerRecord<byte[], byte[]> record, UUID messageId, @Nullable String traceparent);

        /**
         * Ends all spans when the transaction commits. If it does not, the spans are discarded: either the messages are handled in another
         * transaction, or {@link MessageTracing#notHandled} records what becomes of them.
         */
        void endWith(Future<Void> transaction);
    }

    Sending sending();

    /** @param group the consumer group */
    Processing processing(String group);

    /**
     * Records that a message was not handled.
     *
     * @param group the consumer group
     * @param reason the error, or why the message has to wait
     */
    void notHandled(String group, ConsumerRecord<byte[], byte[]> record, Outcome outcome, String reason);

    /** Runs the task so that the metrics that it records refer to this trace. */
    void inTrace(@Nullable String traceparent, Runnable task);
}
