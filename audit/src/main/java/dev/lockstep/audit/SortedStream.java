package dev.lockstep.audit;

import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** A sorted sequence of elements, read one at a time, with a peek at the next one. Both sides of a merge use the same order. */
final class SortedStream<T> implements AutoCloseable {
    private final Iterator<T> elements;
    private final Runnable close;
    private @Nullable T next;

    SortedStream(Iterator<T> elements, Runnable close) {
        this.elements = elements;
        this.close = close;
        advance();
    }

    static <T> SortedStream<T> of(Iterable<T> elements) {
        return new SortedStream<>(elements.iterator(), () -> {});
    }

    boolean hasNext() {
        return next != null;
    }

    T peek() {
        if (next == null) {
            throw new NoSuchElementException();
        }
        return next;
    }

    T next() {
        T taken = peek();
        advance();
        return taken;
    }

    private void advance() {
        next = elements.hasNext() ? Objects.requireNonNull(elements.next()) : null;
    }

    @Override
    public void close() {
        close.run();
    }
}
