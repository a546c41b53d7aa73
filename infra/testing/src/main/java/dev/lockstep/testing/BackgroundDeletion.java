package dev.lockstep.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/**
 * Deletes folders in processes of their own. A hundred databases have tens of thousands of files, and their deletion would take longer than
 * the 30 seconds that Surefire gives a JVM to exit.
 */
final class BackgroundDeletion {
    private static final String PREFIX = "deleted-";

    private BackgroundDeletion() {}

    /** Renames the folder, so that no path into it is valid any more, and starts its deletion. */
    static void start(Path folder) {
        Path renamed = folder.resolveSibling(PREFIX + folder.getFileName());
        try {
            Files.move(folder, renamed, StandardCopyOption.ATOMIC_MOVE);
            delete(renamed);
        } catch (IOException cause) {
            throw new UncheckedIOException("cannot delete " + folder, cause);
        }
    }

    /** Starts the deletion of all renamed folders again, because a process that deletes may have been killed. */
    static void resume(Path parent) throws IOException {
        try (DirectoryStream<Path> folders = Files.newDirectoryStream(parent, PREFIX + "*")) {
            for (Path folder : folders) {
                delete(folder);
            }
        }
    }

    private static void delete(Path folder) throws IOException {
        new ProcessBuilder("rm", "-rf", folder.toString())
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
    }
}
