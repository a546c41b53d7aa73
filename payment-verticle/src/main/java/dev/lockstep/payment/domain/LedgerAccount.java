package dev.lockstep.payment.domain;

/**
 * An account of the ledger: that of a user, or one of the system accounts.
 *
 * @param name the user's id, or a name that starts with {@value #SYSTEM_PREFIX}; user ids must not start with it
 */
public record LedgerAccount(String name) {
    public static final String SYSTEM_PREFIX = "system:";

    /** Money charged for orders. */
    public static final LedgerAccount REVENUE = new LedgerAccount(SYSTEM_PREFIX + "revenue");

    /** The source of deposits, outside the system. */
    public static final LedgerAccount EXTERNAL_FUNDS = new LedgerAccount(SYSTEM_PREFIX + "external-funds");

    public static LedgerAccount of(UserId userId) {
        return new LedgerAccount(userId.value());
    }
}
