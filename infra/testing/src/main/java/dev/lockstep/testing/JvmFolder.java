package dev.lockstep.testing;

import dev.lockstep.embedded.FolderLock;
import dev.lockstep.embedded.PrivateFiles;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * The temporary folder of a JVM that runs tests. The JVM holds the lock of the folder while it runs, so that another JVM recognises the
 * folders, and with them the servers, of JVMs that were killed.
 */
final class JvmFolder {
    private final Path path;
    private final FolderLock lock;

    private JvmFolder(Path path, FolderLock lock) {
        this.path = path;
        this.lock = lock;
    }

    /**
     * Creates the folder of this JVM. Before that, stops the servers, and starts the deletion of the folders, of all JVMs that no longer
     * run.
     *
     * @param prefix of the folder's name, another one for each kind of servers
     * @param stopServers stops the servers of the JVM that had the folder
     */
    static JvmFolder create(String prefix, Consumer<Path> stopServers) {
        Path parent =
                Path.of(System.getProperty("java.io.tmpdir"), "lockstep-tests-" + System.getProperty("user.name"));
        try {
            PrivateFiles.createInSharedFolder(parent);
            clear(parent, prefix, stopServers);
            Path path = Files.createTempDirectory(parent, prefix);
            return new JvmFolder(path, FolderLock.tryLock(path).orElseThrow());
        } catch (IOException cause) {
            throw new UncheckedIOException("cannot create a folder in " + parent + ": " + cause.getMessage(), cause);
        }
    }

    Path path() {
        return path;
    }

    /** Starts the deletion of the folder, and releases its lock. */
    void delete() {
        BackgroundDeletion.start(path);
        lock.close();
    }

    private static void clear(Path parent, String prefix, Consumer<Path> stopServers) throws IOException {
        BackgroundDeletion.resume(parent);
        try (DirectoryStream<Path> folders = Files.newDirectoryStream(parent, prefix + "*")) {
            for (Path folder : folders) {
                if (!Files.exists(folder.resolve("lock")) && isNew(folder)) {
                    continue;
                }
                Optional<FolderLock> lock = FolderLock.tryLock(folder);
                if (lock.isPresent()) {
                    stopServers.accept(folder);
                    BackgroundDeletion.start(folder);
                    lock.get().close();
                }
            }
        }
    }

    // A JVM locks its folder right after it creates it.
    private static boolean isNew(Path folder) throws IOException {
        return Files.getLastModifiedTime(folder)
                .toInstant()
                .isAfter(Instant.now().minus(Duration.ofMinutes(10)));
    }
}
