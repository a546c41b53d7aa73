package dev.lockstep.embedded;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Stream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.apache.commons.compress.compressors.xz.XZCompressorInputStream;

/** Unpacks the Postgres programs from the archive on the class path, once per user of the machine. */
final class PostgresBinaries {
    private static final Set<PosixFilePermission> PROGRAM = PosixFilePermissions.fromString("rwxr-xr-x");
    private static final Set<PosixFilePermission> FILE = PosixFilePermissions.fromString("rw-r--r--");

    private PostgresBinaries() {}

    /** Unpacks the programs below the given folder unless they exist, and returns their home directory, which contains {@code bin}. */
    static synchronized Path unpackInto(Path parent) {
        String archive = archive();
        try {
            PrivateFiles.createInSharedFolder(parent);
            // The user who runs the programs may differ from the user who unpacked them.
            Files.setPosixFilePermissions(parent, PROGRAM);
            Path home = parent.resolve("postgres-" + fingerprint(archive));
            if (Files.isDirectory(home)) {
                return home;
            }
            Path unfinished = Files.createTempDirectory(parent, "unpacking-");
            unpack(archive, unfinished);
            openFolders(unfinished);
            moveIntoPlace(unfinished, home);
            return home;
        } catch (IOException cause) {
            throw new UncheckedIOException("cannot unpack Postgres into " + parent + ": " + cause.getMessage(), cause);
        }
    }

    // Overrides the umask of this process.
    private static void openFolders(Path unfinished) throws IOException {
        try (Stream<Path> all = Files.walk(unfinished)) {
            for (Path folder : all.filter(each -> Files.isDirectory(each, LinkOption.NOFOLLOW_LINKS))
                    .toList()) {
                Files.setPosixFilePermissions(folder, PROGRAM);
            }
        }
    }

    // The folder appears completely or not at all, because several JVMs may unpack at the same time.
    private static void moveIntoPlace(Path unfinished, Path home) throws IOException {
        try {
            Files.move(unfinished, home);
        } catch (IOException cause) {
            Folders.delete(unfinished);
            if (!Files.isDirectory(home)) {
                throw cause;
            }
        }
    }

    private static String archive() {
        String system = System.getProperty("os.name").toLowerCase(Locale.ROOT);
        String machine = System.getProperty("os.arch").toLowerCase(Locale.ROOT);
        boolean arm = machine.equals("aarch64") || machine.equals("arm64");
        String name = system.startsWith("mac")
                ? "/postgres-darwin-" + (arm ? "arm_64" : "x86_64") + ".txz"
                : "/postgres-" + system + "-" + (arm ? "arm_64" : "x86_64") + ".txz";
        if (PostgresBinaries.class.getResource(name) == null) {
            throw new IllegalStateException("no embedded Postgres is available for " + system + " on " + machine
                    + ": run on Linux (x86_64, arm64) or on macOS (arm64), or use a Postgres server of your own");
        }
        return name;
    }

    private static String fingerprint(String archive) throws IOException {
        try (InputStream packed = open(archive)) {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            byte[] buffer = new byte[1 << 16];
            for (int read = packed.read(buffer); read >= 0; read = packed.read(buffer)) {
                digest.update(buffer, 0, read);
            }
            return HexFormat.of().formatHex(digest.digest()).substring(0, 16);
        } catch (NoSuchAlgorithmException cause) {
            throw new IllegalStateException(cause);
        }
    }

    private static void unpack(String archive, Path target) throws IOException {
        try (TarArchiveInputStream files =
                new TarArchiveInputStream(new XZCompressorInputStream(new BufferedInputStream(open(archive))))) {
            for (TarArchiveEntry entry = files.getNextEntry(); entry != null; entry = files.getNextEntry()) {
                Path path = target.resolve(entry.getName()).normalize();
                if (!path.startsWith(target)) {
                    throw new IOException("the archive contains a path outside its root: " + entry.getName());
                }
                if (entry.isDirectory()) {
                    Files.createDirectories(path);
                    continue;
                }
                Files.createDirectories(path.resolveSibling(""));
                if (entry.isSymbolicLink()) {
                    Files.createSymbolicLink(path, Path.of(entry.getLinkName()));
                } else if (entry.isLink()) {
                    Files.createLink(path, target.resolve(entry.getLinkName()));
                } else {
                    Files.copy(files, path);
                    boolean executable = (entry.getMode() & 0100) != 0;
                    Files.setPosixFilePermissions(path, executable ? PROGRAM : FILE);
                }
            }
        }
    }

    private static InputStream open(String archive) throws IOException {
        InputStream packed = PostgresBinaries.class.getResourceAsStream(archive);
        if (packed == null) {
            throw new IOException("missing on the class path: " + archive);
        }
        return packed;
    }
}
