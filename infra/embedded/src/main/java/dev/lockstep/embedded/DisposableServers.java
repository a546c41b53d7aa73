package dev.lockstep.embedded;

import java.util.List;
import java.util.Map;

/** What servers need that are started in another way, for example in containers, to behave like the disposable servers of this package. */
public final class DisposableServers {
    /** The superuser that {@code initdb} creates. */
    public static final String SUPERUSER = PostgresRoles.SUPERUSER;

    private DisposableServers() {}

    /** The settings of Postgres that do not depend on the server's address. */
    public static Map<String, String> postgresSettings() {
        return PostgresSettings.common(true);
    }

    /** The arguments of {@code initdb} that do not depend on the server's folder. */
    public static List<String> initArguments() {
        return PostgresSettings.initArguments(true);
    }

    /**
     * Creates the role {@link LocalPostgres#USER} with its rights.
     *
     * @param address of the server, as {@code jdbc:postgresql://host:port/}
     * @param superuserPassword the password of {@link #SUPERUSER}
     * @throws IllegalStateException if the server cannot be reached or rejects a statement
     */
    public static void createRoles(String address, String superuserPassword) {
        PostgresRoles roles = new PostgresRoles(address, superuserPassword);
        roles.prepare();
        roles.grantOperations();
    }

    /** The broker settings of Kafka that do not depend on addresses and folders. */
    public static Map<String, String> kafkaSettings() {
        return LocalKafka.disposableSettings();
    }
}
