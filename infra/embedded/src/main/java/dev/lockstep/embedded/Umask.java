package dev.lockstep.embedded;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Optional;

/**
 * The permissions that the operating system withholds from every file that this process, and the processes that it starts, create from
 * now on. The JDK has no way to say this for files that a library such as Kafka creates.
 */
public final class Umask {
    private static final int OWNER_ONLY = 0077;

    private Umask() {}

    /** Keeps new files from everybody but their owner. Where the system has no such thing, nothing happens. */
    @SuppressWarnings("restricted") // native access is granted where the program is started
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
            // The folders themselves are closed to others, too. A logger would create its file before this had an
            // effect.
        }
    }
}
