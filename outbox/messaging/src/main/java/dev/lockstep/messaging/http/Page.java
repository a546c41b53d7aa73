package dev.lockstep.messaging.http;

import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * One page of a list, as it is sent to the client.
 *
 * @param nextCursor the cursor of the next page, or null on the last page
 */
public record Page<T>(List<T> data, @Nullable String nextCursor) {
    public Page {
        data = List.copyOf(data);
    }

    /**
     * Builds a page from rows that were read with a limit one higher than requested. An extra row shows that there is a next page; it is
     * left out of this one.
     */
    public static <T> Page<T> of(List<T> rowsUpToLimitPlusOne, int limit, Function<T, String> cursorOf) {
        if (rowsUpToLimitPlusOne.size() <= limit) {
            return new Page<>(rowsUpToLimitPlusOne, null);
        }
        List<T> data = rowsUpToLimitPlusOne.subList(0, limit);
        return new Page<>(data, cursorOf.apply(data.getLast()));
    }

    /**
     * Builds a page from rows that were read with a limit one higher than requested, among a bounded number of rows. If fewer rows matched,
     * the next page continues after the last examined row.
     *
     * @param examinedTo the cursor of the last examined row, or null if no rows are left
     */
    public static <T> Page<T> of(
            List<T> rowsUpToLimitPlusOne, int limit, Function<T, String> cursorOf, @Nullable String examinedTo) {
        Page<T> page = of(rowsUpToLimitPlusOne, limit, cursorOf);
        return page.nextCursor() == null ? new Page<>(page.data(), examinedTo) : page;
    }
}
