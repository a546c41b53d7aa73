package dev.lockstep.messaging.listing;

import dev.lockstep.messaging.http.Page;
import dev.lockstep.messaging.http.PageRequest;
import dev.lockstep.messaging.http.Problem;
import io.vertx.ext.web.RoutingContext;
import java.util.UUID;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** What all lists of rows by id share: the newest comes first, and the cursor is the id of the last row of the page before. */
public final class Listing {
    /** Comes after every id: the cursor of the first page. */
    public static final UUID AFTER_ALL = new UUID(-1, -1);

    private Listing() {}

    /** A page of what was found among a bounded number of rows. */
    public static <T> Page<T> page(ScanWindowStore.ScanResult<T> found, PageRequest page, Function<T, UUID> idOf) {
        UUID examinedTo = found.examinedTo();
        return Page.of(
                found.rows(),
                page.limit(),
                row -> idOf.apply(row).toString(),
                examinedTo == null ? null : examinedTo.toString());
    }

    /** The id that the page begins behind, or null for the first page. A cursor that is no id is answered with 400. */
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

    /** The id in the path. What is no id names nothing, which is answered with 404. */
    public static UUID uuid(RoutingContext ctx, String what) {
        String id = ctx.pathParam("id");
        try {
            return UUID.fromString(id);
        } catch (IllegalArgumentException malformed) {
            throw Problem.notFound("There is no " + what + " " + id + ".");
        }
    }
}
