package dev.lockstep.payment.domain;

import dev.lockstep.payment.domain.Payment.Charged;
import dev.lockstep.payment.domain.Payment.Decided;
import dev.lockstep.payment.domain.Payment.Unseen;
import dev.lockstep.payment.domain.PaymentCommand.Charge;
import dev.lockstep.payment.domain.PaymentCommand.Refund;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The payments and accounts that a batch of commands affects. Each command is decided on the result of the ones before it. The batch ends
 * with at most one change for each payment and account, however many commands affected it.
 */
public final class PaymentBatch {
    private final PaymentDecider decider = new PaymentDecider();
    private final Map<String, Decided> before = new HashMap<>();
    private final Map<String, Decided> now = new HashMap<>();
    private final Map<String, Account> accounts = new HashMap<>();
    // Sorted, so that writes lock the rows in key order.
    private final Map<String, Decided> changedPayments = new TreeMap<>();
    private final Map<String, Account> changedAccounts = new TreeMap<>();
    private final List<Posting> postings = new ArrayList<>();

    /**
     * @param payments the payments of all orders that the commands name, except orders without a payment
     * @param accounts the accounts of all users that the commands and the payments name, except users without an account
     */
    public PaymentBatch(Collection<? extends Decided> payments, Collection<Account> accounts) {
        payments.forEach(payment -> before.put(payment.orderId().value(), payment));
        now.putAll(before);
        accounts.forEach(account -> this.accounts.put(account.userId().value(), account));
    }

    /** Applies the command in memory and returns the resulting payment. */
    public Decided handle(PaymentCommand command) {
        String order = command.orderId().value();
        Decided known = now.get(order);
        Payment payment = known == null ? new Unseen(command.orderId()) : known;
        Decision decision = decider.decide(payment, accountFor(payment, command), command);
        if (!decision.payment().equals(payment)) {
            now.put(order, decision.payment());
            changedPayments.put(order, decision.payment());
        }
        if (decision.posting() != null) {
            post(decision.posting());
        }
        return decision.payment();
    }

    private @Nullable Account accountFor(Payment payment, PaymentCommand command) {
        return switch (command) {
            case Charge charge -> accounts.get(charge.userId().value());
            case Refund refund -> payment instanceof Charged charged ? accountOf(charged) : null;
        };
    }

    // Accounts are never closed, so a charged user without an account means that the caller did not load it.
    private Account accountOf(Charged charged) {
        Account account = accounts.get(charged.userId().value());
        if (account == null) {
            throw new IllegalStateException("Order " + charged.orderId().value() + " was charged to the account of "
                    + charged.userId().value() + ", which was not loaded");
        }
        return account;
    }

    private void post(Posting posting) {
        postings.add(posting);
        for (LedgerEntry entry : posting.entries()) {
            Account account = accounts.get(entry.account().name());
            if (account != null) {
                Account after = account.apply(posting);
                accounts.put(account.userId().value(), after);
                changedAccounts.put(account.userId().value(), after);
            }
        }
    }

    /** Payments of orders that had no payment before, in key order. */
    public List<Decided> newPayments() {
        return changedPayments.values().stream()
                .filter(payment -> !before.containsKey(payment.orderId().value()))
                .toList();
    }

    /** Payments that existed before and have changed, in key order. */
    public List<Decided> updatedPayments() {
        return changedPayments.values().stream()
                .filter(payment -> before.containsKey(payment.orderId().value()))
                .toList();
    }

    /** Accounts that a posting has changed, in key order. */
    public List<Account> changedAccounts() {
        return List.copyOf(changedAccounts.values());
    }

    /** All postings, in the order in which they were made. */
    public List<Posting> postings() {
        return List.copyOf(postings);
    }
}
