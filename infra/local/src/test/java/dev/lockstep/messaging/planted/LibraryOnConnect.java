package dev.lockstep.messaging.planted;

import org.apache.kafka.connect.data.Struct;

/** A violation on purpose. */
public final class LibraryOnConnect {
    public Object field(Struct row) {
        return row.get("id");
    }
}
