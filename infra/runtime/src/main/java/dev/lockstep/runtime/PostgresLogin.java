package dev.lockstep.runtime;

/**
 * A role of Postgres and its password.
 *
 * @param settings what the names of its two settings start with: empty, or {@code RELAY_}
 */
public record PostgresLogin(String settings, String user, Secret password) {
    /** The login of the service. */
    public PostgresLogin(String user, Secret password) {
        this("", user, password);
    }

    /** The name of the setting of the role. */
    String userSetting() {
        return settings + "POSTGRES_USER";
    }

    /** The name of the setting of the password. */
    String passwordSetting() {
        return settings + "POSTGRES_PASSWORD";
    }
}
