package dev.lockstep.embedded;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * One Postgres and one Kafka for all tests of a JVM. Each is started on first use. Both are stopped, and their folder is deleted, when the
 * JVM exits. The next JVM removes the servers and folders of a JVM that was killed.
 */
public final class TestServers {
    private static final AtomicInteger DATABASES = new AtomicInteger();

    private static @Nullable Path folder;
    private static @Nullable LocalPostgres postgres;
    private static @Nullable LocalKafka kafka;

    private TestServers() {}

    public static synchronized LocalPostgres postgres() {
        if (postgres == null) {
            postgres = LocalPostgres.startDisposable(folder().resolve("postgres"));
        }
        return Objects.requireNonNull(postgres);
    }

    public static synchronized LocalKafka kafka() {
        if (kafka == null) {
            kafka = LocalKafka.start(folder().resolve("kafka"), 0);
        }
        return Objects.requireNonNull(kafka);
    }

    /** Creates an empty database in {@link #postgres()} for one test and returns its name, which starts with the prefix. */
    public static String newDatabase(String prefix) {
        String name = prefix + "_" + DATABASES.incrementAndGet();
        postgres().createDatabase(name);
        return name;
    }

    /** The data folder of this JVM's servers. */
    static synchronized Path folder() {
        if (folder == null) {
            folder = createFolder();
        }
        return Objects.requireNonNull(folder);
    }

    private static Path createFolder() {
        Path parent =
                Path.of(System.getProperty("java.io.tmpdir"), "lockstep-tests-" + System.getProperty("user.name"));
        try {
            PrivateFiles.createInSharedFolder(parent);
            OrphanedServers.clear(parent);
            Path created = Files.createTempDirectory(parent, "jvm-");
            FolderLock lock = FolderLock.tryLock(created).orElseThrow();
            LocalPostgres.grantTraversal(parent);
            LocalPostgres.grantTraversal(created);
            Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(created, lock), "stop-test-servers"));
            return created;
        } catch (IOException cause) {
            throw new UncheckedIOException(cause);
        }
    }

    private static synchronized void stop(Path created, FolderLock lock) {
        try {
            if (kafka != null) {
                kafka.close();
            }
        } finally {
            if (postgres != null) {
                postgres.close();
            }
        }
        Folders.delete(created);
        lock.close();
    }
}
