package dev.lockstep.messaging.listing;

import dev.lockstep.messaging.http.BoundedReads;
import dev.lockstep.messaging.http.Page;
import dev.lockstep.messaging.http.Problem;
import dev.lockstep.messaging.http.QueryParameters;
import dev.lockstep.messaging.http.Responses;
import io.vertx.core.Future;
import io.vertx.ext.web.RoutingContext;
import io.vertx.sqlclient.SqlConnection;
import java.util.Objects;
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

    /** As {@link #respond(RoutingContext, QueryParameters, BoundedReads, Function, PageQuery)}, for a list whose filters accept any text. */
    public static <T> void respond(RoutingContext ctx, BoundedReads reads, Function<T, UUID> idOf, PageQuery<T> query) {
        respond(ctx, QueryParameters.of(ctx), reads, idOf, query);
    }

    /**
     * Answers a request for a page of a list. Throws a {@link Problem} 400 if {@code limit}, {@code cursor} or one of the parameters that
     * the route has read is invalid.
     *
     * @param parameters those from which the route has read its filters
     * @param idOf returns the id by which the rows are sorted
     */
    public static <T> void respond(
            RoutingContext ctx,
            QueryParameters parameters,
            BoundedReads reads,
            Function<T, UUID> idOf,
            PageQuery<T> query) {
        int limit = parameters.limit();
        UUID before = Objects.requireNonNullElse(parameters.cursor(QueryParameters::uuid), AFTER_ALL);
        parameters.requireValid();
        reads.read(tx -> query.read(tx, before, limit + 1))
                .map(found -> page(found, limit, idOf))
                .onSuccess(rows -> Responses.json(ctx, 200, rows))
                .onFailure(ctx::fail);
    }

    // The scan may have stopped at its limit of examined rows. The cursor then continues after the last examined row.
    private static <T> Page<T> page(ScanWindowStore.ScanResult<T> found, int limit, Function<T, UUID> idOf) {
        UUID examinedTo = found.examinedTo();
        return Page.of(
                found.rows(),
                limit,
                row -> idOf.apply(row).toString(),
                examinedTo == null ? null : examinedTo.toString());
    }

    /** Returns the id in the path. Throws a {@link Problem} 404 if it is not a UUID, because no such row can exist. */
    public static UUID uuid(RoutingContext ctx, String what) {
        String id = Objects.requireNonNull(ctx.pathParam("id"));
        return QueryParameters.uuid(id).orElseThrow(() -> Problem.notFound("There is no " + what + " " + id + "."));
    }
}
