package dev.lockstep.payment;

import dev.lockstep.payment.domain.Account;
import dev.lockstep.payment.domain.Money;
import dev.lockstep.payment.domain.UserId;
import io.vertx.core.Future;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.Tuple;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** SQL of the {@code deposit} table: deposits and the response given to each. The caller owns the transaction. */
final class DepositStore {
    private static final String FIND = """
            SELECT amount, currency, opened, balance
              FROM deposit
             WHERE user_id = $1 AND idempotency_key = $2
            """;

    private static final String INSERT = """
            INSERT INTO deposit (posting, user_id, idempotency_key, amount, currency, opened, balance)
            VALUES ($1, $2, $3, $4, $5, $6, $7)
            """;

    /**
     * A deposit that was made.
     *
     * @param opened whether the deposit opened the account
     * @param account the account after the deposit
     */
    record StoredDeposit(Money amount, boolean opened, Account account) {}

    /** The deposit made with this key. Empty if there is none or the key is null. */
    Future<Optional<StoredDeposit>> find(SqlClient tx, UserId userId, @Nullable String key) {
        if (key == null) {
            return Future.succeededFuture(Optional.empty());
        }
        return tx.preparedQuery(FIND)
                .execute(Tuple.of(userId.value(), key))
                .map(rows -> rows.stream().findFirst().map(row -> {
                    String currency = row.getString("currency");
                    return new StoredDeposit(
                            new Money(row.getLong("amount"), currency),
                            row.getBoolean("opened"),
                            new Account(userId, new Money(row.getLong("balance"), currency)));
                }));
    }

    Future<Void> insert(SqlClient tx, UUID posting, @Nullable String key, StoredDeposit made) {
        return tx.preparedQuery(INSERT)
                .execute(Tuple.tuple()
                        .addValue(posting)
                        .addValue(made.account().userId().value())
                        .addValue(key)
                        .addValue(made.amount().amount())
                        .addValue(made.amount().currency())
                        .addValue(made.opened())
                        .addValue(made.account().balance().amount()))
                .mapEmpty();
    }
}
