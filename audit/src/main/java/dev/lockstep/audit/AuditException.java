package dev.lockstep.audit;

import java.io.Serial;
import org.jspecify.annotations.Nullable;

/** The audit cannot be made. The message is one sentence for whoever started it, and names the option or address at fault. */
final class AuditException extends RuntimeException {
    @Serial
    private static final long serialVersionUID = 1L;

    AuditException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
