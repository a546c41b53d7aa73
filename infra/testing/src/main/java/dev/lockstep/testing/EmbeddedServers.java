package dev.lockstep.testing;

import dev.lockstep.embedded.FolderLock;
import dev.lockstep.embedded.LocalKafka;
import dev.lockstep.embedded.LocalPostgres;
import dev.lockstep.embedded.PrivateFiles;
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
    private final Path folder;
    private final FolderLock lock;
    private @Nullable LocalPostgres postgres;
    private @Nullable LocalKafka kafka;

    EmbeddedServers() {
        Path parent =
                Path.of(System.getProperty("java.io.tmpdir"), "lockstep-tests-" + System.getProperty("user.name"));
        try {
            PrivateFiles.createInSharedFolder(parent);
            OrphanedServers.clear(parent);
            folder = Files.createTempDirectory(parent, "jvm-");
        } catch (IOException cause) {
            throw new UncheckedIOException(cause);
        }
        lock = FolderLock.tryLock(folder).orElseThrow();
        LocalPostgres.grantTraversal(parent);
        LocalPostgres.grantTraversal(folder);
        Runtime.getRuntime().addShutdownHook(new Thread(this::remove, "remove-test-servers"));
    }

    Path folder() {
        return folder;
    }

    @Override
    public synchronized PostgresServer startPostgres() {
        LocalPostgres started = LocalPostgres.startDisposable(folder.resolve("postgres"));
        postgres = started;
        return new EmbeddedPostgres(started);
    }

    @Override
    public synchronized KafkaServer startKafka() {
        LocalKafka started = LocalKafka.startDisposable(folder.resolve("kafka"));
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
        BackgroundDeletion.start(folder);
        lock.close();
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
