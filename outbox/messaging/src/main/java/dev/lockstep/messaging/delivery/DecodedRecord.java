package dev.lockstep.messaging.delivery;

import dev.lockstep.messaging.failure.UnprocessableMessageException;
import dev.lockstep.messaging.record.Headers;
import dev.lockstep.messaging.record.TraceContext;
import dev.lockstep.messaging.tracing.MessageTracing.Processing;
import java.util.UUID;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;

/** A record and the result of decoding it: a message, or the reason why the record can never be decoded. */
public record DecodedRecord<M>(
        ConsumerRecord<byte[], byte[]> source,
        UUID messageId,
        @Nullable UUID previousId,
        @Nullable M message,
        @Nullable UnprocessableMessageException decodeFailure) {

    public static <M> DecodedRecord<M> decode(
            ConsumerRecord<byte[], byte[]> source, UUID messageId, @Nullable UUID previousId, MessageCodec<M> codec) {
        try {
            return new DecodedRecord<>(source, messageId, previousId, codec.decode(source), null);
        } catch (UnprocessableMessageException unreadable) {
            return new DecodedRecord<>(source, messageId, previousId, null, unreadable);
        }
    }

    boolean isDecoded() {
        return decodeFailure == null;
    }

    /** The message, as the handler receives it: with the trace context of its span. */
    ReceivedMessage<M> toReceivedMessage(Processing spans) {
        return received(spans.begin(source, messageId, TraceContext.of(source)));
    }

    ReceivedMessage<M> toReceivedMessage() {
        return received(TraceContext.of(source));
    }

    private ReceivedMessage<M> received(@Nullable String traceparent) {
        if (message == null) {
            throw new IllegalStateException("the record has no message because it could not be decoded", decodeFailure);
        }
        return new ReceivedMessage<>(
                message,
                messageId,
                source.topic(),
                source.partition(),
                source.offset(),
                Headers.utf8(source.key()),
                traceparent);
    }
}
