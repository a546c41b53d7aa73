package dev.lockstep.testing;

import dev.lockstep.embedded.FolderLock;
import dev.lockstep.embedded.LocalPostgres;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/** The folders of test JVMs that were killed, and the servers that still run on them. */
final class OrphanedServers {
    private OrphanedServers() {}

    /** Stops the servers, and starts the deletion of the folders, of all JVMs below the parent that no longer run. */
    static void clear(Path parent) throws IOException {
        BackgroundDeletion.resume(parent);
        try (DirectoryStream<Path> folders = Files.newDirectoryStream(parent, "jvm-*")) {
            for (Path folder : folders) {
                if (!Files.exists(folder.resolve("lock")) && isNew(folder)) {
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

    // A JVM locks its folder right after it creates it.
    private static boolean isNew(Path folder) throws IOException {
        return Files.getLastModifiedTime(folder)
                .toInstant()
                .isAfter(Instant.now().minus(Duration.ofMinutes(10)));
    }

    private static void clearOne(Path folder) {
        Path postgres = folder.resolve("postgres");
        if (Files.exists(postgres.resolve("data").resolve("postmaster.pid"))) {
            LocalPostgres.stopOrphaned(postgres);
        }
        BackgroundDeletion.start(folder);
    }
}
