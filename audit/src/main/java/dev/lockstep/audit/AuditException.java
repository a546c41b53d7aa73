package dev.lockstep.audit;

import java.io.Serial;
import org.jspecify.annotations.Nullable;

/** The audit cannot be run. The message is one sentence for the user of the command and names the option or address at fault. */
final class AuditException extends RuntimeException {
    @Serial
    private static final long serialVersionUID = 1L;

    AuditException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
