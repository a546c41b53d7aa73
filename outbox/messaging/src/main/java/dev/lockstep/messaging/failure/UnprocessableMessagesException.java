package dev.lockstep.messaging.failure;

import dev.lockstep.messaging.delivery.MessageHandler;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * Messages of a batch that can never be handled, with the reasons. A {@link MessageHandler} that can identify these messages fails its
 * future with this exception. The messages then become dead letters at once, and the others are handled in one further transaction without
 * a bisection of the batch.
 */
public final class UnprocessableMessagesException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final transient Map<UUID, UnprocessableMessageException> messages;

    /** @param messages the reasons by message id, at least one */
    public UnprocessableMessagesException(Map<UUID, UnprocessableMessageException> messages) {
        super(
                "number of messages that can never be handled: " + messages.size() + "; the first: "
                        + messages.values().iterator().next().getMessage(),
                null,
                false,
                false);
        this.messages = Map.copyOf(messages);
    }

    /** Returns the reasons by message id. */
    public Map<UUID, UnprocessableMessageException> messages() {
        return messages;
    }

    /**
     * Applies the step to each item, in order. Continues with the next item if the step throws {@link UnprocessableMessageException}.
     *
     * @param messageId returns the id of the message that an item belongs to
     * @throws UnprocessableMessagesException after the last item, if the step threw for any item
     */
    public static <T> void forEach(Collection<T> items, Function<T, UUID> messageId, Consumer<T> step) {
        Map<UUID, UnprocessableMessageException> unprocessable = new LinkedHashMap<>();
        for (T item : items) {
            try {
                step.accept(item);
            } catch (UnprocessableMessageException failure) {
                unprocessable.putIfAbsent(messageId.apply(item), failure);
            }
        }
        if (!unprocessable.isEmpty()) {
            throw new UnprocessableMessagesException(unprocessable);
        }
    }
}
