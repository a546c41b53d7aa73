package dev.lockstep.messaging.delivery;

import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.function.Function;

/** Helps handlers implement {@link MessageHandler#blockedMessages}. */
public final class LockedRows {
    private LockedRows() {}

    /**
     * Returns the ids of those messages that need one of the locked keys.
     *
     * @param keys returns the keys that a message needs
     */
    public static <M, K> Set<UUID> messagesThatNeed(
            Collection<K> locked, List<ReceivedMessage<M>> messages, Function<M, ? extends Collection<K>> keys) {
        Set<UUID> ids = new HashSet<>();
        for (ReceivedMessage<M> each : messages) {
            if (keys.apply(each.message()).stream().anyMatch(locked::contains)) {
                ids.add(each.messageId());
            }
        }
        return ids;
    }
}
