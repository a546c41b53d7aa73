package dev.lockstep.messaging.listing;

import dev.lockstep.messaging.http.Page;
import dev.lockstep.messaging.http.PageRequest;
import dev.lockstep.messaging.http.Problem;
import io.vertx.ext.web.RoutingContext;
import java.util.UUID;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Paging for all lists of rows by id: rows are sorted newest first, and the cursor is the id of the last row of the previous page. */
public final class Listing {
    /** Sorts after every id; the cursor of the first page. */
    public static final UUID AFTER_ALL = new UUID(-1, -1);

    private Listing() {}

    /**
     * Builds a page from a scan that may have stopped at its limit of examined rows. The cursor then continues after the last examined row.
     */
    public static <T> Page<T> page(ScanWindowStore.ScanResult<T> found, PageRequest page, Function<T, UUID> idOf) {
        UUID examinedTo = found.examinedTo();
        return Page.of(
                found.rows(),
                page.limit(),
                row -> idOf.apply(row).toString(),
                examinedTo == null ? null : examinedTo.toString());
    }

    /** Returns the id after which the page starts, or null for the first page. Throws a {@link Problem} 400 if the cursor is not an id. */
    public static @Nullable UUID cursor(PageRequest page) {
        String cursor = page.cursor();
        if (cursor == null) {
            return null;
        }
        try {
            return UUID.fromString(cursor);
        } catch (IllegalArgumentException malformed) {
            throw PageRequest.invalidCursor();
        }
    }

    /** Returns the id in the path. Throws a {@link Problem} 404 if it is not a UUID, because no such row can exist. */
    public static UUID uuid(RoutingContext ctx, String what) {
        String id = ctx.pathParam("id");
        try {
            return UUID.fromString(id);
        } catch (IllegalArgumentException malformed) {
            throw Problem.notFound("There is no " + what + " " + id + ".");
        }
    }
}
