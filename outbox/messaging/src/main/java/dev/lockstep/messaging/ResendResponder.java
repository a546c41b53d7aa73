package dev.lockstep.messaging;

import io.vertx.core.Future;
import io.vertx.sqlclient.SqlConnection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Sends messages again that somebody has not received, if it was this service that sent them. */
final class ResendResponder implements MessageHandler<ResendRequested> {
    private static final Logger LOGGER = LoggerFactory.getLogger(ResendResponder.class);

    private final String source;

    /** @param source this service's {@code ce_source} */
    ResendResponder(String source) {
        this.source = source;
    }

    @Override
    public Future<Void> handle(SqlConnection tx, List<Received<ResendRequested>> messages) {
        Set<UUID> ids = new HashSet<>();
        for (Received<ResendRequested> each : messages) {
            if (each.message().source().equals(source)) {
                ids.add(each.message().messageId());
            }
        }
        if (ids.isEmpty()) {
            return Future.succeededFuture();
        }
        return ResendStore.resend(tx, ids)
                .onSuccess(resent -> {
                    ids.removeAll(resent);
                    LOGGER.atInfo()
                            .addKeyValue("source", source)
                            .addKeyValue("resent", resent)
                            .addKeyValue("gone", ids)
                            .log("messages that a reader misses were asked for");
                })
                .mapEmpty();
    }
}
