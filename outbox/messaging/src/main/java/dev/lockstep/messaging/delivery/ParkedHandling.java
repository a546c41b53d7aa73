package dev.lockstep.messaging.delivery;

import dev.lockstep.messaging.delivery.IncidentStore.Event;
import dev.lockstep.messaging.delivery.IncidentStore.Incident;
import dev.lockstep.messaging.delivery.ParkedMessageStore.Parked;
import dev.lockstep.messaging.record.MessageIds;
import io.vertx.core.Future;
import io.vertx.sqlclient.SqlConnection;
import java.time.Instant;
import java.util.List;

/** Reads parked messages and applies them. */
final class ParkedHandling<M> {
    private final ConsumerOptions options;
    private final MessageCodec<M> codec;
    private final MessageHandler<M> handler;
    private final MessageIds messageIds;
    private final Inbox inbox = new Inbox();
    private final ParkedMessageStore parked;
    private final Setbacks setbacks;

    ParkedHandling(
            ConsumerOptions options,
            MessageCodec<M> codec,
            MessageHandler<M> handler,
            MessageIds messageIds,
            ParkedMessageStore parked,
            Setbacks setbacks) {
        this.options = options;
        this.codec = codec;
        this.handler = handler;
        this.messageIds = messageIds;
        this.parked = parked;
        this.setbacks = setbacks;
    }

    /** A parked message and what it says. */
    record Candidate<M>(Parked parked, Inbound<M> inbound) {}

    Candidate<M> read(Parked message) {
        return new Candidate<>(
                message,
                Inbound.read(
                        message.source(),
                        message.messageId(),
                        messageIds.previous(message.source(), Instant.now()),
                        codec));
    }

    /** Applies readable messages on the caller's transaction: from its commit on they are handled, and parked no longer. */
    Future<Void> apply(SqlConnection tx, List<Candidate<M>> messages) {
        if (messages.isEmpty()) {
            return Future.succeededFuture();
        }
        List<Parked> all = messages.stream().map(Candidate::parked).toList();
        return handler.handle(
                        tx,
                        messages.stream().map(each -> each.inbound().received()).toList())
                .compose(handled ->
                        parked.remove(tx, all.stream().map(Parked::position).toList()))
                .compose(removed -> inbox.healed(tx, options.group(), all))
                .compose(noted ->
                        parked.wake(tx, all.stream().map(Parked::messageId).toList()))
                .compose(awake -> setbacks.note(
                        tx, all.stream().map(ParkedHandling::healed).toList()));
    }

    private static Incident healed(Parked message) {
        return new Incident(message.source(), message.messageId(), Event.HEALED, message.attempts() + 1, null);
    }
}
