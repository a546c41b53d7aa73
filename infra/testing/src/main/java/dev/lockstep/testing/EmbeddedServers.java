package dev.lockstep.testing;

import dev.lockstep.embedded.LocalKafka;
import dev.lockstep.embedded.LocalPostgres;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Servers in this JVM, with their data in a temporary folder. Both the servers and the folder are gone when the JVM has exited, whatever
 * ended it. The next JVM removes the servers and the folder of a JVM that was killed.
 */
final class EmbeddedServers implements ServerProvider {
    private final JvmFolder folder = JvmFolder.create("jvm-", EmbeddedServers::stopOrphaned);
    private @Nullable LocalPostgres postgres;
    private @Nullable LocalKafka kafka;

    EmbeddedServers() {
        LocalPostgres.grantTraversal(folder().resolveSibling(""));
        LocalPostgres.grantTraversal(folder());
        Runtime.getRuntime().addShutdownHook(new Thread(this::remove, "remove-test-servers"));
    }

    @Override
    public Path folder() {
        return folder.path();
    }

    @Override
    public synchronized PostgresServer startPostgres() {
        LocalPostgres started = LocalPostgres.startDisposable(folder().resolve("postgres"));
        postgres = started;
        return new EmbeddedPostgres(started);
    }

    @Override
    public synchronized KafkaServer startKafka() {
        LocalKafka started = LocalKafka.startDisposable(folder().resolve("kafka"));
        kafka = started;
        return new EmbeddedKafka(started);
    }

    // Kafka writes to the folder as long as the JVM runs, so the folder is deleted here and not when the tests are
    // over.
    private synchronized void remove() {
        if (kafka != null) {
            kafka.abandon();
        }
        if (postgres != null) {
            postgres.close();
        }
        folder.delete();
    }

    private static void stopOrphaned(Path folder) {
        Path postgres = folder.resolve("postgres");
        if (Files.exists(postgres.resolve("data").resolve("postmaster.pid"))) {
            LocalPostgres.stopOrphaned(postgres);
        }
    }

    private record EmbeddedPostgres(LocalPostgres postgres) implements PostgresServer {
        @Override
        public String host() {
            return postgres.host();
        }

        @Override
        public int port() {
            return postgres.port();
        }

        @Override
        public String superuserUrl(String database) {
            return postgres.superuserUrl(database);
        }

        @Override
        public void signal(String name, long pid) {
            try {
                int exit = new ProcessBuilder("kill", "-" + name, Long.toString(pid))
                        .inheritIO()
                        .start()
                        .waitFor();
                if (exit != 0) {
                    throw new IllegalStateException("kill -" + name + " " + pid + " exits with " + exit);
                }
            } catch (IOException cause) {
                throw new UncheckedIOException(cause);
            } catch (InterruptedException cause) {
                throw new IllegalStateException(cause);
            }
        }

        @Override
        public void close() {
            postgres.close();
        }
    }

    private record EmbeddedKafka(LocalKafka kafka) implements KafkaServer {
        @Override
        public String bootstrapServers() {
            return kafka.bootstrapServers();
        }

        @Override
        public void close() {
            kafka.abandon();
        }
    }
}
