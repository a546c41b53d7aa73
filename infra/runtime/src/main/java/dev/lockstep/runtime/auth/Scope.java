package dev.lockstep.runtime.auth;

import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;

/** The rights that the issuer grants. A scope never includes another one. */
public enum Scope {
    /** Read own orders, payments and account. */
    ORDERS_READ("orders:read"),
    /** Place and cancel own orders. */
    ORDERS_WRITE("orders:write"),
    /** Extends {@link #ORDERS_READ} and {@link #ORDERS_WRITE} to the orders of all users. Permits nothing on its own. */
    ORDERS_ADMIN("orders:admin"),
    /** Create, change and restock products. */
    STOCK_WRITE("stock:write"),
    /** Deposit money to any account. */
    ACCOUNTS_WRITE("accounts:write"),
    /** Read what operators need: outbox, inbox, dead letters, parked messages, sagas, all accounts and payments, the ledger, metrics. */
    OPERATOR_READ("operator:read"),
    /** Resend, replay and discard messages, and end sagas. */
    OPERATOR_WRITE("operator:write"),
    /** See the values of messages where others see them masked. Permits nothing on its own. */
    OPERATOR_PAYLOADS("operator:payloads");

    private static final Map<String, Scope> BY_VALUE =
            Arrays.stream(values()).collect(Collectors.toUnmodifiableMap(Scope::value, Function.identity()));

    private final String value;

    Scope(String value) {
        this.value = value;
    }

    /** The scope with this name in a token. Empty for scopes of other applications. */
    public static Optional<Scope> of(String value) {
        return Optional.ofNullable(BY_VALUE.get(value));
    }

    /** The name in tokens and documents, such as {@code orders:read}. */
    public String value() {
        return value;
    }

    boolean isForOperators() {
        return this == OPERATOR_READ || this == OPERATOR_WRITE || this == OPERATOR_PAYLOADS;
    }
}
