package dev.lockstep.runtime;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/** Reads files that settings name: secrets, keys and certificates. */
final class SmallFile {
    private SmallFile() {}

    /**
     * Returns the content of the file.
     *
     * @throws IllegalArgumentException if the file cannot be read or is larger than the limit. The message is the rest of a sentence that
     *     starts with the file
     */
    static byte[] read(Path file, int maxBytes) {
        try (InputStream in = Files.newInputStream(file)) {
            byte[] bytes = in.readNBytes(maxBytes + 1);
            if (bytes.length > maxBytes) {
                throw new IllegalArgumentException("has more than " + maxBytes + " bytes");
            }
            return bytes;
        } catch (NoSuchFileException missing) {
            throw new IllegalArgumentException("does not exist", missing);
        } catch (AccessDeniedException denied) {
            throw new IllegalArgumentException("may not be read by the user of this process", denied);
        } catch (IOException unreadable) {
            throw new IllegalArgumentException("cannot be read: " + unreadable.getMessage(), unreadable);
        }
    }
}
