package dev.lockstep.embedded;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.UserPrincipal;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Determines how to run the Postgres programs, which refuse to run as root.
 *
 * <p>For an ordinary user the programs run unchanged. For root they run in a separate user namespace: inside it they run as nobody, outside
 * it their files still belong to root, and no folder changes its owner. Where user namespaces are forbidden (as in Docker's default
 * profile), root transfers the data to the user {@code nobody} and runs the programs as that user.
 */
enum PrivilegeDrop {
    NONE,
    USER_NAMESPACE,
    NOBODY_USER;

    private static final Duration LIMIT = Duration.ofSeconds(10);
    private static @Nullable PrivilegeDrop detected;

    static synchronized PrivilegeDrop detect() {
        if (detected == null) {
            detected = choose();
        }
        return Objects.requireNonNull(detected);
    }

    List<String> command(List<String> program) {
        List<String> command = new ArrayList<>(
                switch (this) {
                    case NONE -> List.of();
                    case USER_NAMESPACE -> List.of("unshare", "--user");
                    case NOBODY_USER -> List.of("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups");
                });
        command.addAll(program);
        return List.copyOf(command);
    }

    /** The folder for unpacked programs, which the user who runs them can reach. */
    Path cache() {
        String home = System.getProperty("user.home");
        Path folder = Path.of(home, ".cache");
        boolean usable = this != NOBODY_USER && (Files.isWritable(folder) || Files.isWritable(Path.of(home)));
        return usable
                ? folder.resolve("lockstep")
                : Path.of(System.getProperty("java.io.tmpdir"), "lockstep-" + System.getProperty("user.name"));
    }

    /** Lets the user who runs Postgres traverse a folder that is closed to others and contains the data. */
    void grantTraversal(Path folder) {
        if (this == NOBODY_USER) {
            try {
                Files.setOwner(folder, nobody(folder));
            } catch (IOException cause) {
                throw new UncheckedIOException(
                        "cannot change the owner of " + folder + " to nobody: " + cause.getMessage(), cause);
            }
        }
    }

    private static UserPrincipal nobody(Path folder) throws IOException {
        return folder.getFileSystem().getUserPrincipalLookupService().lookupPrincipalByName("nobody");
    }

    /**
     * Ensures that the user who runs Postgres owns the folder and everything in it.
     *
     * @throws IllegalStateException if that user cannot reach the folder
     */
    void transferOwnership(Path folder) {
        if (this != NOBODY_USER) {
            return;
        }
        try {
            UserPrincipal nobody = nobody(folder);
            Files.walkFileTree(folder, new SimpleFileVisitor<>() {
                @Override
                public FileVisitResult preVisitDirectory(Path directory, BasicFileAttributes attributes)
                        throws IOException {
                    Files.setOwner(directory, nobody);
                    return FileVisitResult.CONTINUE;
                }

                @Override
                public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                    Files.setOwner(file, nobody);
                    return FileVisitResult.CONTINUE;
                }
            });
        } catch (IOException cause) {
            throw new UncheckedIOException(
                    "cannot change the owner of " + folder + " to nobody: " + cause.getMessage(), cause);
        }
        if (!Command.run(command(List.of("test", "-r", folder.toString())), LIMIT)
                .succeeded()) {
            throw new IllegalStateException("Postgres cannot run as root, and the user nobody cannot access " + folder
                    + ": use a data folder that every user can traverse, or start as an ordinary user");
        }
    }

    private static PrivilegeDrop choose() {
        if (!"root".equals(System.getProperty("user.name"))) {
            return NONE;
        }
        for (PrivilegeDrop candidate : List.of(USER_NAMESPACE, NOBODY_USER)) {
            if (Command.run(candidate.command(List.of("true")), LIMIT).succeeded()) {
                return candidate;
            }
        }
        throw new IllegalStateException("Postgres cannot run as root, and neither `unshare --user` nor `setpriv` works"
                + " here: start as an ordinary user");
    }
}
