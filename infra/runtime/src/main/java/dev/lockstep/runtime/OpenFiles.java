package dev.lockstep.runtime;

import com.sun.management.UnixOperatingSystemMXBean;
import java.lang.management.ManagementFactory;

/** How many files, and so how many connections, this process may have open at a time. */
final class OpenFiles {
    private static final int FALLBACK_LIMIT = 4096;

    private OpenFiles() {}

    /** The limit that the operating system sets ({@code ulimit -n}; the JVM raises it to the hard one), or 4,096 where it does not tell. */
    static int limit() {
        if (ManagementFactory.getOperatingSystemMXBean() instanceof UnixOperatingSystemMXBean unix) {
            long limit = unix.getMaxFileDescriptorCount();
            return limit <= 0 ? FALLBACK_LIMIT : Math.toIntExact(Math.min(limit, Integer.MAX_VALUE));
        }
        return FALLBACK_LIMIT;
    }
}
