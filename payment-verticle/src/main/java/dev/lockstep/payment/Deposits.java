package dev.lockstep.payment;

import dev.lockstep.payment.DepositStore.Made;
import dev.lockstep.payment.LedgerStore.Identified;
import dev.lockstep.payment.domain.Account;
import dev.lockstep.payment.domain.Deposit;
import dev.lockstep.payment.domain.Money;
import dev.lockstep.payment.domain.UserId;
import io.vertx.core.Future;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.SqlConnection;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The shell around {@link Deposit}: one transaction per deposit, which opens the account if it is the user's first. */
final class Deposits {
    private final Pool pool;
    private final AccountStore accounts;
    private final DepositStore deposits;
    private final LedgerStore ledger;

    Deposits(Pool pool, AccountStore accounts, DepositStore deposits, LedgerStore ledger) {
        this.pool = pool;
        this.accounts = accounts;
        this.deposits = deposits;
        this.ledger = ledger;
    }

    /** What became of a request to pay in. */
    sealed interface Outcome {
        /** It is paid in, now or when the same key came first. */
        record Paid(Made made) implements Outcome {}

        record OtherCurrency(String currency) implements Outcome {}

        record TooMuch() implements Outcome {}

        /** The key was used for something else. */
        record KeyTaken(Money amount) implements Outcome {}
    }

    /**
     * Pays the amount in. Completes when it is durable.
     *
     * @param key makes retries of one deposit one deposit, for as long as the ledger is kept; null for none
     */
    Future<Outcome> pay(UserId userId, Money amount, @Nullable String key) {
        return pool.withTransaction(tx -> accounts.open(tx, userId, amount.currency())
                .compose(opened -> accounts.lock(tx, List.of(userId))
                        // Only now: whoever used the key before us had the account locked.
                        .compose(locked -> deposits.find(tx, userId, key)
                                .compose(before -> pay(tx, locked.getFirst(), opened, amount, key, before)))));
    }

    private Future<Outcome> pay(
            SqlConnection tx,
            Account account,
            boolean opened,
            Money amount,
            @Nullable String key,
            Optional<Made> before) {
        if (before.isPresent()) {
            Made made = before.get();
            return Future.succeededFuture(
                    made.amount().equals(amount) ? new Outcome.Paid(made) : new Outcome.KeyTaken(made.amount()));
        }
        return switch (Deposit.decide(account, amount)) {
            case Deposit.Accepted accepted -> write(tx, accepted, new Made(amount, opened, accepted.account()), key);
            case Deposit.OtherCurrency other -> Future.succeededFuture(new Outcome.OtherCurrency(other.currency()));
            case Deposit.TooMuch tooMuch -> Future.succeededFuture(new Outcome.TooMuch());
        };
    }

    private Future<Outcome> write(SqlConnection tx, Deposit.Accepted accepted, Made made, @Nullable String key) {
        Identified posting = Identified.of(accepted.posting());
        return Future.join(
                        accounts.update(tx, List.of(accepted.account())),
                        deposits.insert(tx, posting.id(), key, made),
                        ledger.append(tx, List.of(posting)))
                .map(new Outcome.Paid(made));
    }
}
