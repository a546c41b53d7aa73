package dev.lockstep.payment.domain;

/**
 * One column of the books: a user's account or one of the system's own.
 *
 * @param name the user's id, or a name that starts with {@value #SYSTEM_PREFIX}, which no user's id may
 */
public record LedgerAccount(String name) {
    public static final String SYSTEM_PREFIX = "system:";

    /** What was taken for orders. */
    public static final LedgerAccount REVENUE = new LedgerAccount(SYSTEM_PREFIX + "revenue");

    /** The world outside, where deposits come from. */
    public static final LedgerAccount EXTERNAL_FUNDS = new LedgerAccount(SYSTEM_PREFIX + "external-funds");

    public static LedgerAccount of(UserId userId) {
        return new LedgerAccount(userId.value());
    }
}
