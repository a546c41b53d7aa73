package dev.lockstep.testing;

import java.nio.file.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Starts the servers that tests use. The servers end with the JVM; the next JVM removes the servers of a JVM that was killed.
 */
interface ServerProvider {
    Logger LOGGER = LoggerFactory.getLogger(ServerProvider.class);

    /** The system property that selects the provider. */
    String SWITCH = "test.servers";

    /** Starts a server with the role {@link PostgresServer#USER}, which may create databases, replicate, and change the server's settings. */
    PostgresServer startPostgres();

    KafkaServer startKafka();

    /** The folder that this JVM has while its servers may run. */
    Path folder();

    /** Returns the selected provider and logs which one it is. */
    static ServerProvider selected() {
        Selection selection = Selection.of(System.getProperty(SWITCH, "auto"), ContainerEngine::problem);
        LOGGER.atInfo()
                .addKeyValue("servers", selection.containers() ? "containers" : "embedded")
                .addKeyValue("reason", selection.reason())
                .log("test servers selected");
        return selection.containers() ? new ContainerServers() : new EmbeddedServers();
    }
}
