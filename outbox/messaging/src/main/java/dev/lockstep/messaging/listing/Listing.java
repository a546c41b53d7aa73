package dev.lockstep.messaging.listing;

import dev.lockstep.messaging.http.BoundedReads;
import dev.lockstep.messaging.http.Page;
import dev.lockstep.messaging.http.PageRequest;
import dev.lockstep.messaging.http.Problem;
import dev.lockstep.messaging.http.Responses;
import io.vertx.core.Future;
import io.vertx.ext.web.RoutingContext;
import io.vertx.sqlclient.SqlConnection;
import java.util.UUID;
import java.util.function.Function;

/** Paging for all lists of rows by id: rows are sorted newest first, and the cursor is the id of the last row of the previous page. */
public final class Listing {
    /** Sorts after every id; where the first page starts. */
    public static final UUID AFTER_ALL = new UUID(-1, -1);

    /** Counts for operators and metrics stop here: a larger number would make no difference to its reader, but take longer. */
    public static final long MAX_COUNTED = 100_000;

    private Listing() {}

    /** Reads the rows of a page. */
    public interface PageQuery<T> {
        /**
         * @param before the id at which the page starts, exclusive
         * @param limit one more than the client requested: the extra row shows that there is a next page
         */
        Future<ScanWindowStore.ScanResult<T>> read(SqlConnection tx, UUID before, int limit);
    }

    /**
     * Answers a request for a page of a list. Throws a {@link Problem} 400 if {@code limit} or {@code cursor} is invalid.
     *
     * @param idOf returns the id by which the rows are sorted
     */
    public static <T> void respond(RoutingContext ctx, BoundedReads reads, Function<T, UUID> idOf, PageQuery<T> query) {
        PageRequest page = PageRequest.of(ctx);
        UUID before = start(page);
        reads.read(tx -> query.read(tx, before, page.limit() + 1))
                .map(found -> page(found, page, idOf))
                .onSuccess(rows -> Responses.json(ctx, 200, rows))
                .onFailure(ctx::fail);
    }

    // The scan may have stopped at its limit of examined rows. The cursor then continues after the last examined row.
    private static <T> Page<T> page(ScanWindowStore.ScanResult<T> found, PageRequest page, Function<T, UUID> idOf) {
        UUID examinedTo = found.examinedTo();
        return Page.of(
                found.rows(),
                page.limit(),
                row -> idOf.apply(row).toString(),
                examinedTo == null ? null : examinedTo.toString());
    }

    private static UUID start(PageRequest page) {
        String cursor = page.cursor();
        if (cursor == null) {
            return AFTER_ALL;
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
