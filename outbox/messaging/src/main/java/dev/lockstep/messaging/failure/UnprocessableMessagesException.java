package dev.lockstep.messaging.failure;

import dev.lockstep.messaging.delivery.MessageHandler;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * Messages of a batch that can never be handled, and why. A {@link MessageHandler} that knows which messages of a batch these are
 * fails with this: they become dead letters at once, and the others are handled in one more transaction instead of being found by
 * halves.
 */
public final class UnprocessableMessagesException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final transient Map<UUID, UnprocessableMessageException> messages;

    /**
     * @param messages by the message's id, at least one
     */
    public UnprocessableMessagesException(Map<UUID, UnprocessableMessageException> messages) {
        super(
                messages.size() + " messages can never be handled; the first: "
                        + messages.values().iterator().next().getMessage(),
                null,
                false,
                false);
        this.messages = Map.copyOf(messages);
    }

    /** By the message's id. */
    public Map<UUID, UnprocessableMessageException> messages() {
        return messages;
    }

    /**
     * Takes each item through the step, in order, also those behind one for which it throws {@link UnprocessableMessageException}.
     *
     * @param messageId which message an item belongs to
     * @throws UnprocessableMessagesException afterwards, if it did for any
     */
    public static <T> void forEach(Collection<T> items, Function<T, UUID> messageId, Consumer<T> step) {
        Map<UUID, UnprocessableMessageException> refused = new LinkedHashMap<>();
        for (T item : items) {
            try {
                step.accept(item);
            } catch (UnprocessableMessageException never) {
                refused.putIfAbsent(messageId.apply(item), never);
            }
        }
        if (!refused.isEmpty()) {
            throw new UnprocessableMessagesException(refused);
        }
    }
}
