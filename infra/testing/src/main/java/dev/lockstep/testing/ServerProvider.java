package dev.lockstep.testing;

/** Starts the servers that tests use. The system property {@code lockstep.test.servers} selects the provider. */
interface ServerProvider {
    String SWITCH = "lockstep.test.servers";

    /** Starts a server with the role {@link PostgresServer#USER}, which may create databases, replicate, and change the server's settings. */
    PostgresServer startPostgres();

    KafkaServer startKafka();

    static ServerProvider selected() {
        String name = System.getProperty(SWITCH, "embedded");
        return switch (name) {
            case "embedded" -> new EmbeddedServers();
            default -> throw new IllegalStateException(SWITCH + " must be embedded, but was " + name);
        };
    }
}
