package dev.lockstep.payment;

import dev.lockstep.payment.DepositStore.StoredDeposit;
import dev.lockstep.payment.LedgerStore.IdentifiedPosting;
import dev.lockstep.payment.domain.Account;
import dev.lockstep.payment.domain.DepositDecision;
import dev.lockstep.payment.domain.Money;
import dev.lockstep.payment.domain.UserId;
import io.vertx.core.Future;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.SqlConnection;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Executes deposits around {@link DepositDecision}, each in its own transaction. The first deposit of a user opens the account.
 */
final class DepositProcessor {
    private final Pool pool;
    private final AccountStore accounts;
    private final DepositStore deposits;
    private final LedgerStore ledger;

    DepositProcessor(Pool pool, AccountStore accounts, DepositStore deposits, LedgerStore ledger) {
        this.pool = pool;
        this.accounts = accounts;
        this.deposits = deposits;
        this.ledger = ledger;
    }

    /** Outcome of a deposit request. */
    sealed interface Outcome {
        /** The deposit was made, now or by an earlier request with the same key. */
        record Deposited(StoredDeposit made) implements Outcome {}

        record CurrencyMismatch(String currency) implements Outcome {}

        record BalanceLimitExceeded() implements Outcome {}

        /** The key belongs to a deposit of a different amount. */
        record KeyReused(Money amount) implements Outcome {}
    }

    /**
     * Makes the deposit in a transaction of its own. Completes once that has committed.
     *
     * @param key idempotency key: requests of a user with the same key result in one deposit, for as long as the ledger is kept; null
     *     for none
     */
    Future<Outcome> deposit(UserId userId, Money amount, @Nullable String key) {
        return pool.withTransaction(tx -> accounts.open(tx, userId, amount.currency())
                .compose(opened -> accounts.lock(tx, List.of(userId))
                        // Read only after the account is locked: an earlier request with the same key held that lock
                        // until its commit.
                        .compose(locked -> deposits.find(tx, userId, key)
                                .compose(before -> deposit(tx, locked.getFirst(), opened, amount, key, before)))));
    }

    private Future<Outcome> deposit(
            SqlConnection tx,
            Account account,
            boolean opened,
            Money amount,
            @Nullable String key,
            Optional<StoredDeposit> before) {
        if (before.isPresent()) {
            StoredDeposit made = before.get();
            return Future.succeededFuture(
                    made.amount().equals(amount) ? new Outcome.Deposited(made) : new Outcome.KeyReused(made.amount()));
        }
        return switch (DepositDecision.decide(account, amount)) {
            case DepositDecision.Accepted accepted ->
                write(tx, accepted, new StoredDeposit(amount, opened, accepted.account()), key);
            case DepositDecision.CurrencyMismatch other ->
                Future.succeededFuture(new Outcome.CurrencyMismatch(other.currency()));
            case DepositDecision.BalanceLimitExceeded tooMuch ->
                Future.succeededFuture(new Outcome.BalanceLimitExceeded());
        };
    }

    private Future<Outcome> write(
            SqlConnection tx, DepositDecision.Accepted accepted, StoredDeposit made, @Nullable String key) {
        IdentifiedPosting posting = IdentifiedPosting.of(accepted.posting());
        return Future.join(
                        accounts.update(tx, List.of(accepted.account())),
                        deposits.insert(tx, posting.id(), key, made),
                        ledger.append(tx, List.of(posting)))
                .map(new Outcome.Deposited(made));
    }
}
