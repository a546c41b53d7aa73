package dev.lockstep.runtime;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** Reads a secret from a file. */
final class SecretFile {
    private static final int MAX_BYTES = 65_536;

    private SecretFile() {}

    /**
     * Returns the text of the file without its last line feed, if it ends with one.
     *
     * @throws IllegalArgumentException if the file cannot be read, is empty or too large, or is not text. The message is the rest of a
     *     sentence that starts with the file
     */
    static String read(Path file) {
        byte[] bytes = SmallFile.read(file, MAX_BYTES);
        String text;
        try {
            // A decoder that replaces invalid bytes would change the secret.
            text = StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString();
        } catch (CharacterCodingException invalid) {
            throw new IllegalArgumentException("is not UTF-8 text", invalid);
        }
        String secret = text.endsWith("\n") ? text.substring(0, text.length() - 1) : text;
        if (secret.isBlank()) {
            throw new IllegalArgumentException("is empty");
        }
        return secret;
    }
}
