package dev.lockstep.embedded;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import java.util.stream.Stream;

/** Files and folders that only their owner may access: 0700 and 0600. */
public final class PrivateFiles {
    private static final Set<PosixFilePermission> FOLDER = PosixFilePermissions.fromString("rwx------");
    private static final Set<PosixFilePermission> FILE = PosixFilePermissions.fromString("rw-------");

    private PrivateFiles() {}

    /**
     * Creates a folder that only its owner may enter, and its missing parents. A folder that exists and is empty, or was created by the
     * local stack, is closed to others with everything in it. Any other folder keeps its permissions, because it may serve other purposes.
     */
    public static void createFolder(Path folder) {
        try {
            if (!Files.exists(folder)) {
                create(folder);
            } else if (isAccessibleToOthers(folder) && isLockstepFolder(folder)) {
                makePrivate(folder);
            }
        } catch (IOException cause) {
            throw new UncheckedIOException("cannot restrict " + folder + " to its owner: " + cause.getMessage(), cause);
        }
    }

    /** Closes a folder and everything in it to other users. */
    static void makePrivate(Path folder) throws IOException {
        Files.walkFileTree(folder, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult preVisitDirectory(Path directory, BasicFileAttributes attributes)
                    throws IOException {
                Files.setPosixFilePermissions(directory, FOLDER);
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                // Permissions of a symbolic link apply to its target, which may be anywhere.
                if (attributes.isRegularFile()) {
                    Files.setPosixFilePermissions(file, FILE);
                }
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFileFailed(Path file, IOException failure) throws IOException {
                if (failure instanceof NoSuchFileException) {
                    return FileVisitResult.CONTINUE;
                }
                throw failure;
            }
        });
    }

    /** Writes a file that only its owner may read. The file appears completely or not at all. */
    static void write(Path file, String text) throws IOException {
        Path unfinished = Files.createTempFile(file.resolveSibling(""), file.getFileName() + "-", "");
        try {
            Files.writeString(unfinished, text, StandardCharsets.UTF_8);
            Files.move(unfinished, file, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            Files.deleteIfExists(unfinished);
        }
    }

    /**
     * Creates a folder in a location where other users of the machine may create a folder of the same name first, such as {@code /tmp}.
     *
     * @throws IllegalStateException if the folder belongs to another user
     */
    public static void createInSharedFolder(Path folder) throws IOException {
        if (!Files.exists(folder, LinkOption.NOFOLLOW_LINKS)) {
            create(folder);
        }
        Path mine = Files.createTempFile("lockstep-owner", "");
        try {
            if (!Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS)
                    || !Files.getOwner(folder, LinkOption.NOFOLLOW_LINKS).equals(Files.getOwner(mine))) {
                throw new IllegalStateException(folder + " belongs to another user of this machine");
            }
        } finally {
            Files.delete(mine);
        }
        Set<PosixFilePermission> permissions = Files.getPosixFilePermissions(folder);
        permissions.removeAll(Set.of(PosixFilePermission.GROUP_WRITE, PosixFilePermission.OTHERS_WRITE));
        Files.setPosixFilePermissions(folder, permissions);
    }

    private static void create(Path folder) throws IOException {
        Path parent = folder.toAbsolutePath().getParent();
        if (parent != null) {
            Files.createDirectories(parent);
        }
        Files.createDirectory(folder, PosixFilePermissions.asFileAttribute(FOLDER));
    }

    private static boolean isAccessibleToOthers(Path folder) throws IOException {
        return !FOLDER.containsAll(Files.getPosixFilePermissions(folder));
    }

    private static boolean isLockstepFolder(Path folder) throws IOException {
        try (Stream<Path> content = Files.list(folder)) {
            return Files.exists(folder.resolve("lock")) || content.findAny().isEmpty();
        }
    }
}
