package dev.lockstep.embedded;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Optional;

/**
 * The permissions that the operating system removes from every file that this process, and the processes it starts, will create. The JDK
 * has no API to restrict the files that a library such as Kafka creates.
 */
public final class Umask {
    private static final int OWNER_ONLY = 0077;

    private Umask() {}

    /** Restricts new files to their owner. Does nothing if the operating system has no umask. */
    @SuppressWarnings("restricted") // native access is enabled where the program is started
    public static void restrictToOwner() {
        try {
            Linker linker = Linker.nativeLinker();
            Optional<MemorySegment> umask = linker.defaultLookup().find("umask");
            if (umask.isPresent()) {
                MethodHandle call = linker.downcallHandle(
                        umask.get(), FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));
                var _ = (int) call.invokeExact(OWNER_ONLY);
            }
        } catch (Throwable unsupported) {
            // The folders are closed to others as well. The failure is not logged, because a logger would create its
            // file before the umask applies.
        }
    }
}
