package dev.lockstep.messaging.delivery;

import dev.lockstep.messaging.delivery.DeliveryEventStore.DeliveryEvent;
import dev.lockstep.messaging.delivery.DeliveryEventStore.DeliveryEventType;
import dev.lockstep.messaging.record.MessageIds;
import dev.lockstep.messaging.tracing.MessageTracing.Processing;
import dev.lockstep.messaging.transaction.Transactions;
import io.vertx.core.Future;
import io.vertx.sqlclient.SqlConnection;
import java.time.Instant;
import java.util.List;

/** Decodes parked messages and applies them. */
final class ParkedMessageProcessor<M> {
    private final ConsumerOptions options;
    private final MessageCodec<M> codec;
    private final MessageHandler<M> handler;
    private final MessageIds messageIds;
    private final Inbox inbox = new Inbox();
    private final ParkedMessageStore parked;
    private final PredecessorWaitStore waits;
    private final DeliveryFailures failures;

    ParkedMessageProcessor(
            ConsumerOptions options,
            MessageCodec<M> codec,
            MessageHandler<M> handler,
            MessageIds messageIds,
            ParkedMessageStore parked,
            DeliveryFailures failures) {
        this.options = options;
        this.codec = codec;
        this.handler = handler;
        this.messageIds = messageIds;
        this.parked = parked;
        this.waits = new PredecessorWaitStore(options.group());
        this.failures = failures;
    }

    /** A parked message and the result of decoding it. */
    record DecodedParkedMessage<M>(ParkedMessage parked, DecodedRecord<M> decoded) {}

    DecodedParkedMessage<M> read(ParkedMessage message) {
        return new DecodedParkedMessage<>(
                message,
                DecodedRecord.decode(
                        message.source(),
                        message.messageId(),
                        messageIds.previousId(message.source(), Instant.now()),
                        codec));
    }

    /** Applies decoded messages on the caller's transaction. Once it commits, they are handled and no longer parked. */
    Future<Void> apply(SqlConnection tx, List<DecodedParkedMessage<M>> messages) {
        if (messages.isEmpty()) {
            return Future.succeededFuture();
        }
        List<ParkedMessage> all =
                messages.stream().map(DecodedParkedMessage::parked).toList();
        Processing spans = failures.processing();
        Future<Void> handled = handler.handle(
                        tx,
                        messages.stream()
                                .map(each -> each.decoded().toReceivedMessage(spans))
                                .toList())
                .compose(done -> parked.remove(
                        tx, all.stream().map(ParkedMessage::position).toList()))
                .compose(removed -> inbox.recordAttempts(tx, options.group(), all))
                .compose(recorded -> waits.makeDue(
                        tx, all.stream().map(ParkedMessage::messageId).toList()))
                .compose(madeDue -> failures.recordEvents(
                        tx,
                        all.stream().map(ParkedMessageProcessor::handledEvent).toList()));
        spans.endWith(Transactions.outcome(tx, handled));
        return handled;
    }

    private static DeliveryEvent handledEvent(ParkedMessage message) {
        return new DeliveryEvent(
                message.source(), message.messageId(), DeliveryEventType.HEALED, message.attempts() + 1, null);
    }
}
