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
 * The payments and accounts that a batch of commands touches, carried from one decision to the next. What has to be
 * written afterwards is what changed, once for each payment and account however many commands touched it.
 */
public final class PaymentBatch {
    private final PaymentDecider decider = new PaymentDecider();
    private final Map<String, Decided> before = new HashMap<>();
    private final Map<String, Decided> now = new HashMap<>();
    private final Map<String, Account> accounts = new HashMap<>();
    // Sorted, so that whoever writes them takes their locks in one order.
    private final Map<String, Decided> changedPayments = new TreeMap<>();
    private final Map<String, Account> changedAccounts = new TreeMap<>();
    private final List<Posting> postings = new ArrayList<>();

    /**
     * @param payments of all orders that the commands will name, except those never seen
     * @param accounts of all users that the commands and the payments name, except those that have none
     */
    public PaymentBatch(Collection<? extends Decided> payments, Collection<Account> accounts) {
        payments.forEach(payment -> before.put(payment.orderId().value(), payment));
        now.putAll(before);
        accounts.forEach(account -> this.accounts.put(account.userId().value(), account));
    }

    /** Carries the command out, here in memory, and returns the payment as it then stands. */
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

    // An account is never closed, so a charged user without one means that the caller forgot to load it.
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

    /** Payments of orders that had none before, in key order. */
    public List<Decided> newPayments() {
        return changedPayments.values().stream()
                .filter(payment -> !before.containsKey(payment.orderId().value()))
                .toList();
    }

    /** Payments that were there before and stand differently now, in key order. */
    public List<Decided> updatedPayments() {
        return changedPayments.values().stream()
                .filter(payment -> before.containsKey(payment.orderId().value()))
                .toList();
    }

    /** Accounts that money went to or came from, in key order. */
    public List<Account> changedAccounts() {
        return List.copyOf(changedAccounts.values());
    }

    /** Everything that moved, in the order in which it did. */
    public List<Posting> postings() {
        return List.copyOf(postings);
    }
}
