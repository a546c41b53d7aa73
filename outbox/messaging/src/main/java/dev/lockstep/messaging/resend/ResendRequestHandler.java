package dev.lockstep.messaging.resend;

import dev.lockstep.messaging.delivery.MessageHandler;
import dev.lockstep.messaging.delivery.ReceivedMessage;
import dev.lockstep.messaging.outbox.ResendRequested;
import io.vertx.core.Future;
import io.vertx.sqlclient.SqlConnection;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Handles resend requests of readers: sends the requested messages again if this service is their sender. */
public final class ResendRequestHandler implements MessageHandler<ResendRequested> {
    private static final Logger LOGGER = LoggerFactory.getLogger(ResendRequestHandler.class);

    // Any client with write access to the topic of resend requests can request anything, and readers recognise no
    // repeats beyond their dedup window.
    private static final Duration DEFAULT_DEDUP_WINDOW = Duration.ofDays(7);
    private static final Instant EARLIEST = Instant.EPOCH;
    private static final Instant LATEST = Instant.parse("9999-12-31T00:00:00Z");

    private final String source;
    private final Duration dedupWindow;

    /** @param source this service's {@code ce_source} */
    public ResendRequestHandler(String source) {
        this(source, DEFAULT_DEDUP_WINDOW);
    }

    /** @param dedupWindow how long readers recognise a repeat; a request by time does not resend older messages */
    public ResendRequestHandler(String source, Duration dedupWindow) {
        this.source = source;
        this.dedupWindow = dedupWindow;
    }

    @Override
    public Future<Void> handle(SqlConnection tx, List<ReceivedMessage<ResendRequested>> messages) {
        Set<UUID> ids = new HashSet<>();
        Future<Void> begun = Future.succeededFuture();
        for (ReceivedMessage<ResendRequested> each : messages) {
            ResendRequested request = each.message();
            Optional<Instant> since = request.sinceTime();
            if (since.isPresent() && isAddressedToThisService(request)) {
                begun = begun.compose(before -> resendSince(tx, request, since.get()));
            } else if (since.isEmpty() && request.source().equals(source)) {
                ids.add(request.messageId());
            }
        }
        return ids.isEmpty() ? begun : begun.compose(before -> resend(tx, ids));
    }

    private boolean isAddressedToThisService(ResendRequested request) {
        return request.source().equals(source) || request.source().equals(ResendRequested.EVERY_SENDER);
    }

    private Future<Void> resendSince(SqlConnection tx, ResendRequested request, Instant since) {
        Instant from = since.isBefore(EARLIEST) ? EARLIEST : since.isAfter(LATEST) ? LATEST : since;
        return ResendStore.createForLostRange(
                        tx, request.topic(), from, request.messageId(), "a reader of the topic", dedupWindow)
                .onSuccess(job -> LOGGER.atInfo()
                        .addKeyValue("source", source)
                        .addKeyValue("topic", request.topic())
                        .addKeyValue("since", from)
                        .addKeyValue("job", job.map(UUID::toString).orElse("none, an earlier job covers the request"))
                        .log("consumer requested all messages of a topic since a time"))
                .mapEmpty();
    }

    private Future<Void> resend(SqlConnection tx, Set<UUID> ids) {
        return ResendStore.resend(tx, ids)
                .onSuccess(resent -> {
                    ids.removeAll(resent);
                    LOGGER.atInfo()
                            .addKeyValue("source", source)
                            .addKeyValue("resent", resent)
                            .addKeyValue("gone", ids)
                            .log("consumer requested missing messages");
                })
                .mapEmpty();
    }
}
