package dev.lockstep.payment;

import static java.util.stream.Collectors.mapping;
import static java.util.stream.Collectors.toList;
import static java.util.stream.Collectors.toSet;

import dev.lockstep.payment.domain.Account;
import dev.lockstep.payment.domain.Money;
import dev.lockstep.payment.domain.UserId;
import io.vertx.core.Future;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.SqlResult;
import io.vertx.sqlclient.Tuple;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * SQL of the {@code account} table: the users' accounts and their running balances. The caller owns the transaction.
 */
final class AccountStore {
    // Locks in key order, so that two batches that need the same accounts cannot deadlock.
    private static final String LOCK = """
            SELECT user_id, currency, balance
              FROM account
             WHERE user_id = ANY ($1::text[])
             ORDER BY user_id
               FOR UPDATE
            """;

    // SKIP LOCKED leaves out rows that another transaction has locked. Accounts that do not exist appear in neither
    // query.
    private static final String LOCKED_BY_OTHERS = """
            SELECT user_id FROM account WHERE user_id = ANY ($1::text[])
            EXCEPT
            SELECT user_id FROM (SELECT user_id FROM account WHERE user_id = ANY ($1::text[]) FOR UPDATE SKIP LOCKED) free
            """;

    private static final String OPEN = """
            INSERT INTO account (user_id, currency, balance)
            VALUES ($1, $2, 0)
            ON CONFLICT (user_id) DO NOTHING
            """;

    private static final String UPDATE = """
            UPDATE account
               SET balance = changed.balance
              FROM unnest($1::text[], $2::bigint[]) AS changed (user_id, balance)
             WHERE account.user_id = changed.user_id
            """;

    private static final String FIND = "SELECT user_id, currency, balance FROM account WHERE user_id = $1";

    private static final String PAGE = """
            SELECT user_id, currency, balance, number
              FROM account
             WHERE number < $1
             ORDER BY number DESC
             LIMIT $2
            """;

    /** An account and its number. Accounts are numbered in the order in which they were opened. */
    record NumberedAccount(long number, Account account) {}

    /**
     * Reads the accounts and locks their rows until the transaction ends. Users without an account are missing from the result.
     */
    Future<List<Account>> lock(SqlClient tx, Collection<UserId> userIds) {
        if (userIds.isEmpty()) {
            return Future.succeededFuture(List.of());
        }
        String[] ids = userIds.stream().map(UserId::value).toArray(String[]::new);
        return tx.preparedQuery(LOCK)
                .collecting(mapping(AccountStore::account, toList()))
                .execute(Tuple.of(ids))
                .map(SqlResult::value);
    }

    /** The users whose account is locked by another transaction. Does not wait for the locks. */
    Future<Set<UserId>> lockedByOthers(SqlClient tx, Collection<UserId> userIds) {
        return tx.preparedQuery(LOCKED_BY_OTHERS)
                .collecting(mapping(AccountStore::userId, toSet()))
                .execute(Tuple.tuple()
                        .addArrayOfString(userIds.stream().map(UserId::value).toArray(String[]::new)))
                .map(SqlResult::value);
    }

    /** Opens an account with a zero balance unless the user has one. Completes with true if the account was opened. */
    Future<Boolean> open(SqlClient tx, UserId userId, String currency) {
        return tx.preparedQuery(OPEN)
                .execute(Tuple.of(userId.value(), currency))
                .map(opened -> opened.rowCount() == 1);
    }

    /** Updates the balances of accounts. The caller must hold the row locks. */
    Future<Void> update(SqlClient tx, List<Account> accounts) {
        if (accounts.isEmpty()) {
            return Future.succeededFuture();
        }
        String[] userIds =
                accounts.stream().map(account -> account.userId().value()).toArray(String[]::new);
        Long[] balances =
                accounts.stream().map(account -> account.balance().amount()).toArray(Long[]::new);
        return tx.preparedQuery(UPDATE)
                .execute(Tuple.tuple().addValue(userIds).addValue(balances))
                .mapEmpty();
    }

    Future<Optional<Account>> find(SqlClient tx, UserId userId) {
        return tx.preparedQuery(FIND)
                .mapping(AccountStore::account)
                .execute(Tuple.of(userId.value()))
                .map((RowSet<Account> accounts) -> accounts.stream().findFirst());
    }

    /** At most {@code rows} accounts with a number below {@code before}, newest first. */
    Future<List<NumberedAccount>> page(SqlClient tx, long before, int rows) {
        return tx.preparedQuery(PAGE)
                .collecting(mapping(row -> new NumberedAccount(row.getLong("number"), account(row)), toList()))
                .execute(Tuple.of(before, rows))
                .map(SqlResult::value);
    }

    private static UserId userId(Row row) {
        return new UserId(row.getString("user_id"));
    }

    private static Account account(Row row) {
        return new Account(userId(row), new Money(row.getLong("balance"), row.getString("currency")));
    }
}
