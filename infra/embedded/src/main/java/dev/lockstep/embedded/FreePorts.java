package dev.lockstep.embedded;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;

/** Finds free ports of 127.0.0.1. */
public final class FreePorts {
    // Below the ports that Linux uses for outgoing connections (32768 to 60999 unless net.ipv4.ip_local_port_range
    // differs). An outgoing connection could otherwise take the port before the server listens on it.
    private static final int FIRST = 20_000;
    private static final int COUNT = 32_768 - FIRST;
    private static final AtomicInteger NEXT =
            new AtomicInteger(ThreadLocalRandom.current().nextInt(COUNT));

    private FreePorts() {}

    /** A port that was free a moment ago and that this JVM has not returned recently. */
    public static int any() {
        return IntStream.range(0, COUNT)
                .map(attempt -> FIRST + Math.floorMod(NEXT.getAndIncrement(), COUNT))
                .filter(FreePorts::isFree)
                .findFirst()
                .orElseThrow(() -> new IllegalStateException(
                        "no port of 127.0.0.1 from " + FIRST + " to " + (FIRST + COUNT - 1) + " is free"));
    }

    /** Whether no process listens on the port. */
    public static boolean isFree(int port) {
        try (ServerSocket socket = new ServerSocket()) {
            // As the servers do, so that connections of an earlier run in TIME_WAIT do not count.
            socket.setReuseAddress(true);
            socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
            return true;
        } catch (IOException taken) {
            return false;
        }
    }
}
