package dev.lockstep.embedded;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A lock that marks a folder as used by a running process. The operating system releases it when the process ends for any reason. */
public final class FolderLock implements AutoCloseable {
    private final FileChannel channel;

    private FolderLock(FileChannel channel) {
        this.channel = channel;
    }

    /** Takes the lock of a folder, and creates the folder if it is missing. Empty if this process or another one holds the lock. */
    public static Optional<FolderLock> tryLock(Path folder) {
        FileChannel channel = null;
        try {
            PrivateFiles.createFolder(folder);
            channel = FileChannel.open(
                    folder.resolve("lock"),
                    Set.of(StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE),
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
            FileLock lock = channel.tryLock();
            if (lock != null) {
                channel.truncate(0);
                channel.write(ByteBuffer.wrap(
                        String.valueOf(ProcessHandle.current().pid()).getBytes(StandardCharsets.US_ASCII)));
                return Optional.of(new FolderLock(channel));
            }
            channel.close();
            return Optional.empty();
        } catch (OverlappingFileLockException heldByThisProcess) {
            closeQuietly(channel);
            return Optional.empty();
        } catch (IOException cause) {
            closeQuietly(channel);
            throw new UncheckedIOException("cannot lock the folder " + folder + ": " + cause.getMessage(), cause);
        }
    }

    /** The id of the process that last took the folder's lock, or empty if the lock was never taken. */
    public static Optional<Long> holder(Path folder) {
        try {
            Path file = folder.resolve("lock");
            String number = Files.exists(file) ? Files.readString(file, StandardCharsets.US_ASCII) : "";
            return number.isBlank() ? Optional.empty() : Optional.of(Long.valueOf(number.strip()));
        } catch (IOException cause) {
            throw new UncheckedIOException(cause);
        }
    }

    @Override
    public void close() {
        closeQuietly(channel);
    }

    private static void closeQuietly(@Nullable FileChannel channel) {
        if (channel == null) {
            return;
        }
        try {
            channel.close();
        } catch (IOException cause) {
            throw new UncheckedIOException(cause);
        }
    }
}
