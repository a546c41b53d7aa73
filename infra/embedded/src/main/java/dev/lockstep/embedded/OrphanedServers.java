package dev.lockstep.embedded;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** The folders of test JVMs that were killed, and the servers that still run on them. */
final class OrphanedServers {
    private OrphanedServers() {}

    /** Stops the servers and deletes the folders of all JVMs below the parent that no longer run. */
    static void clear(Path parent) throws IOException {
        try (DirectoryStream<Path> folders = Files.newDirectoryStream(parent, "jvm-*")) {
            for (Path folder : folders) {
                // A JVM locks its folder right after it creates it. A folder without a lock file may just have been
                // created, so it is skipped.
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
