package dev.lockstep.messaging.http;

import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * One page of a list, as it is answered.
 *
 * @param nextCursor what to ask for the next page with, or null on the last one
 */
public record Page<T>(List<T> data, @Nullable String nextCursor) {
    public Page {
        data = List.copyOf(data);
    }

    /**
     * Makes a page of rows that were read with a limit of one more than asked for: the row too many says that there is a
     * next page, and is left out of this one.
     */
    public static <T> Page<T> of(List<T> rowsUpToLimitPlusOne, int limit, Function<T, String> cursorOf) {
        if (rowsUpToLimitPlusOne.size() <= limit) {
            return new Page<>(rowsUpToLimitPlusOne, null);
        }
        List<T> data = rowsUpToLimitPlusOne.subList(0, limit);
        return new Page<>(data, cursorOf.apply(data.getLast()));
    }

    /**
     * Makes a page of rows that were looked for with a limit of one more than asked for, among a bounded number of rows: where
     * fewer than that matched, the next page goes on behind the last row that was examined.
     *
     * @param examinedTo the cursor of the last row that was examined, or null if none are left
     */
    public static <T> Page<T> of(
            List<T> rowsUpToLimitPlusOne, int limit, Function<T, String> cursorOf, @Nullable String examinedTo) {
        Page<T> page = of(rowsUpToLimitPlusOne, limit, cursorOf);
        return page.nextCursor() == null ? new Page<>(page.data(), examinedTo) : page;
    }
}
