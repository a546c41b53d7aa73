package dev.lockstep.audit;

import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Digest of a whole record: topic, key, value and headers, except the headers that the relay adds to every record. */
final class RecordDigest {
    private static final Set<String> RELAY_HEADERS = Set.of("ce_sequence", "ce_previousid");

    private final Digest digest = new Digest();

    RecordDigest(String topic, byte @Nullable [] key, byte @Nullable [] value) {
        digest.add(topic).add(key).add(value);
    }

    void header(String name, byte @Nullable [] value) {
        if (!RELAY_HEADERS.contains(name)) {
            digest.add(name).add(value);
        }
    }

    long digest() {
        return digest.digest();
    }
}
