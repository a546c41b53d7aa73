package dev.lockstep.runtime.auth;

import java.util.EnumSet;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Who may use a route.
 *
 * @param signIn whether the caller must be signed in
 * @param anyOf the scopes of which the caller needs one; if empty, none is needed
 */
public record Access(boolean signIn, Set<Scope> anyOf) {
    private static final Access OPEN = new Access(false, Set.of());
    private static final Access SIGNED_IN = new Access(true, Set.of());

    public Access {
        anyOf = Set.copyOf(anyOf);
        if (!signIn && !anyOf.isEmpty()) {
            throw new IllegalArgumentException("scopes require sign-in");
        }
    }

    /** Every caller, without sign-in. */
    public static Access open() {
        return OPEN;
    }

    /** Every caller with a valid token. */
    public static Access signedIn() {
        return SIGNED_IN;
    }

    /** Callers with at least one of these scopes. */
    public static Access anyOf(Scope scope, Scope... others) {
        return new Access(true, EnumSet.of(scope, others));
    }

    boolean permits(Caller caller) {
        return anyOf.isEmpty() || anyOf.stream().anyMatch(caller::has);
    }

    /** Whether the route is for operators only. */
    public boolean isForOperators() {
        return !anyOf.isEmpty() && anyOf.stream().allMatch(Scope::isForOperators);
    }

    /** The scopes as RFC 6750 lists them, in the order of {@link Scope}. */
    String scopes() {
        return anyOf.stream().sorted().map(Scope::value).collect(Collectors.joining(" "));
    }
}
