package dev.lockstep.payment;

import dev.lockstep.contracts.FieldConstraints;
import dev.lockstep.messaging.http.FieldError;
import dev.lockstep.messaging.http.Problem;
import dev.lockstep.payment.domain.Account;
import dev.lockstep.payment.domain.LedgerAccount;
import dev.lockstep.payment.domain.Money;
import dev.lockstep.payment.domain.UserId;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A validated request for a deposit. */
record DepositRequest(UserId userId, Money amount, @Nullable String key) {
    private static final int MAX_KEY_LENGTH = 200;

    /** The JSON body before validation. */
    record Body(@Nullable Long amount, @Nullable String currency) {}

    /** @throws Problem 400 that names everything that is invalid */
    static DepositRequest of(String userId, Body body, @Nullable String key) {
        List<FieldError> errors = new ArrayList<>();
        checkUserId(userId, errors);
        if (key != null && (key.isBlank() || key.length() > MAX_KEY_LENGTH)) {
            errors.add(new FieldError(
                    "Idempotency-Key", "must have 1 to " + MAX_KEY_LENGTH + " characters and must not be blank"));
        } else if (key != null && !FieldConstraints.isPrintable(key)) {
            errors.add(new FieldError("Idempotency-Key", "must not contain control characters"));
        }
        long amount = amount(body, errors);
        String currency = currency(body, errors);
        if (!errors.isEmpty()) {
            throw Problem.badRequest("The deposit is invalid; see errors", errors);
        }
        return new DepositRequest(new UserId(userId), new Money(amount, currency), key);
    }

    // Applies the rules of the order service: a user who cannot place orders needs no account.
    private static void checkUserId(String userId, List<FieldError> errors) {
        String problem = FieldConstraints.idProblem(userId);
        if (problem != null) {
            errors.add(new FieldError("userId", problem));
        } else if (userId.startsWith(LedgerAccount.SYSTEM_PREFIX)) {
            errors.add(new FieldError("userId", "must not start with " + LedgerAccount.SYSTEM_PREFIX));
        }
    }

    private static long amount(Body body, List<FieldError> errors) {
        if (body.amount() == null) {
            errors.add(new FieldError("amount", "is required"));
            return 0;
        }
        if (body.amount() < 1 || body.amount() > Account.MAX_BALANCE) {
            errors.add(new FieldError("amount", "must be a whole number from 1 to " + Account.MAX_BALANCE));
        }
        return body.amount();
    }

    private static String currency(Body body, List<FieldError> errors) {
        String problem = FieldConstraints.currencyProblem(body.currency());
        if (problem != null) {
            errors.add(new FieldError("currency", problem));
        }
        return body.currency() == null ? "" : body.currency();
    }
}
