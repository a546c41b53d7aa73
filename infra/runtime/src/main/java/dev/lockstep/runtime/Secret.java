package dev.lockstep.runtime;

import com.fasterxml.jackson.annotation.JsonValue;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A value that is used but never printed. Records that contain one are safe to log.
 *
 * @param value the value when the settings were read
 * @param file the file that it was read from, or null
 */
public record Secret(String value, @Nullable Path file) {
    private static final Logger LOGGER = LoggerFactory.getLogger(Secret.class);

    /** A secret that does not come from a file. */
    public Secret(String value) {
        this(value, null);
    }

    /**
     * Returns the value that is valid now: the file is read again, so that a password can be replaced while the service runs. If the file
     * is unusable, this is logged, and the result is the value when the settings were read. Blocks for as long as reading the file takes.
     */
    public String current() {
        if (file == null) {
            return value;
        }
        try {
            return SecretFile.read(file);
        } catch (IllegalArgumentException unusable) {
            LOGGER.atWarn()
                    .addKeyValue("file", file)
                    .addKeyValue("reason", unusable.getMessage())
                    .log("a secret cannot be read from its file any more; the value that was read at start is used");
            return value;
        }
    }

    // JSON logging serialises objects member by member and would bypass toString without this annotation.
    @JsonValue
    @Override
    public String toString() {
        return "***";
    }
}
