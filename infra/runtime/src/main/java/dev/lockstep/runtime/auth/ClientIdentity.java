package dev.lockstep.runtime.auth;

/**
 * The identity of a service at the issuer, for requests that it makes on its own account.
 *
 * @param secret never printed
 */
public record ClientIdentity(String id, String secret) {
    @Override
    public String toString() {
        return "ClientIdentity[id=" + id + ", secret=***]";
    }
}
