package dev.lockstep.embedded;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** The folders of test JVMs that were killed, and the servers that still run on them. */
final class OrphanedServers {
    private OrphanedServers() {}

    /** Stops the servers and deletes the folders of every JVM below the parent that no longer lives. */
    static void clear(Path parent) throws IOException {
        try (DirectoryStream<Path> folders = Files.newDirectoryStream(parent, "jvm-*")) {
            for (Path folder : folders) {
                // Its owner locks a folder right after it creates it. Without a lock file it is too young to judge.
                if (!Files.exists(folder.resolve("lock"))) {
                    continue;
                }
                Optional<FolderLock> lock = FolderLock.tryLock(folder);
                if (lock.isPresent()) {
                    clearOne(folder);
                    lock.get().close();
                }
            }
        }
    }

    private static void clearOne(Path folder) {
        Path postgres = folder.resolve("postgres");
        if (Files.exists(postgres.resolve("data").resolve("postmaster.pid"))) {
            LocalPostgres.stopOrphaned(postgres);
        }
        Folders.delete(folder);
    }
}
