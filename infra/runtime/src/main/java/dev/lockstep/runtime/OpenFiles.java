package dev.lockstep.runtime;

import com.sun.management.UnixOperatingSystemMXBean;
import java.lang.management.ManagementFactory;

/** The number of files, and therefore connections, that this process may have open at the same time. */
final class OpenFiles {
    private static final int FALLBACK_LIMIT = 4096;

    private OpenFiles() {}

    /** The limit of the operating system ({@code ulimit -n}; the JVM raises it to the hard limit), or 4,096 if it is unknown. */
    static int limit() {
        if (ManagementFactory.getOperatingSystemMXBean() instanceof UnixOperatingSystemMXBean unix) {
            long limit = unix.getMaxFileDescriptorCount();
            return limit <= 0 ? FALLBACK_LIMIT : Math.toIntExact(Math.min(limit, Integer.MAX_VALUE));
        }
        return FALLBACK_LIMIT;
    }
}
