package dev.lockstep.payment;

import static java.util.stream.Collectors.mapping;
import static java.util.stream.Collectors.toList;

import dev.lockstep.payment.domain.LedgerEntry;
import dev.lockstep.payment.domain.Money;
import dev.lockstep.payment.domain.Posting;
import io.vertx.core.Future;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.SqlResult;
import io.vertx.sqlclient.Tuple;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** SQL of the append-only {@code ledger_entry} table. The caller owns the transaction. */
final class LedgerStore {
    private static final String APPEND = """
            INSERT INTO ledger_entry (posting, account, currency, amount, order_id, kind)
            SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::bigint[], $5::text[], $6::text[])
            """;

    private static final String PAGE = """
            SELECT seq, posting, account, currency, amount, order_id, kind, at
              FROM ledger_entry
             WHERE seq < $1
             ORDER BY seq DESC
             LIMIT $2
            """;

    private static final String PAGE_OF_ACCOUNT = """
            SELECT seq, posting, account, currency, amount, order_id, kind, at
              FROM ledger_entry
             WHERE account = $3 AND seq < $1
             ORDER BY seq DESC
             LIMIT $2
            """;

    // An order has only a few entries, so filtering them by account needs no index.
    private static final String PAGE_OF_ORDER = """
            SELECT seq, posting, account, currency, amount, order_id, kind, at
              FROM ledger_entry
             WHERE order_id = $3 AND ($4::text IS NULL OR account = $4) AND seq < $1
             ORDER BY seq DESC
             LIMIT $2
            """;

    /** Inserts the two entries of each posting, all in one statement. */
    Future<Void> append(SqlClient tx, List<IdentifiedPosting> postings) {
        if (postings.isEmpty()) {
            return Future.succeededFuture();
        }
        int size = 2 * postings.size();
        UUID[] ids = new UUID[size];
        String[] accounts = new String[size];
        String[] currencies = new String[size];
        Long[] amounts = new Long[size];
        @Nullable String[] orderIds = new @Nullable String[size];
        String[] kinds = new String[size];
        int i = 0;
        for (IdentifiedPosting identified : postings) {
            Posting posting = identified.posting();
            for (LedgerEntry entry : posting.entries()) {
                ids[i] = identified.id();
                accounts[i] = entry.account().name();
                currencies[i] = entry.amount().currency();
                amounts[i] = entry.amount().amount();
                orderIds[i] =
                        posting.orderId() == null ? null : posting.orderId().value();
                kinds[i] = posting.kind().name();
                i++;
            }
        }
        return tx.preparedQuery(APPEND)
                .execute(Tuple.of(ids, accounts, currencies, amounts, orderIds, kinds))
                .mapEmpty();
    }

    /** A posting and the id that its two entries share. */
    record IdentifiedPosting(UUID id, Posting posting) {
        static IdentifiedPosting of(Posting posting) {
            return new IdentifiedPosting(UUID.randomUUID(), posting);
        }
    }

    /**
     * At most {@code rows} entries with a sequence number below {@code before}, newest first, optionally only those of an account or an
     * order.
     */
    Future<List<LedgerEntryView>> page(
            SqlClient tx, @Nullable String account, @Nullable String orderId, long before, int rows) {
        if (orderId != null) {
            return entries(tx, PAGE_OF_ORDER, Tuple.of(before, rows, orderId, account));
        }
        return account == null
                ? entries(tx, PAGE, Tuple.of(before, rows))
                : entries(tx, PAGE_OF_ACCOUNT, Tuple.of(before, rows, account));
    }

    private static Future<List<LedgerEntryView>> entries(SqlClient tx, String statement, Tuple parameters) {
        return tx.preparedQuery(statement)
                .collecting(mapping(LedgerStore::toView, toList()))
                .execute(parameters)
                .map(SqlResult::value);
    }

    private static LedgerEntryView toView(Row row) {
        return new LedgerEntryView(
                row.getLong("seq"),
                row.getUUID("posting"),
                row.getString("account"),
                new Money(row.getLong("amount"), row.getString("currency")),
                row.getString("order_id"),
                Posting.Kind.valueOf(row.getString("kind")),
                row.getOffsetDateTime("at").toInstant());
    }
}
