package dev.lockstep.embedded;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;

/** Ports of 127.0.0.1. */
public final class FreePorts {
    // Below those that Linux gives to outgoing connections (32768 to 60999 unless net.ipv4.ip_local_port_range says
    // otherwise): one of them would take a port away again before the server that it was looked up for listens.
    private static final int FIRST = 20_000;
    private static final int COUNT = 32_768 - FIRST;
    private static final AtomicInteger NEXT =
            new AtomicInteger(ThreadLocalRandom.current().nextInt(COUNT));

    private FreePorts() {}

    /** A port that was free a moment ago, and that this JVM was not given lately. */
    public static int any() {
        return IntStream.range(0, COUNT)
                .map(attempt -> FIRST + Math.floorMod(NEXT.getAndIncrement(), COUNT))
                .filter(FreePorts::isFree)
                .findFirst()
                .orElseThrow(() -> new IllegalStateException(
                        "no port of 127.0.0.1 from " + FIRST + " to " + (FIRST + COUNT - 1) + " is free"));
    }

    /** Whether nobody listens on the port. */
    public static boolean isFree(int port) {
        try (ServerSocket socket = new ServerSocket()) {
            // As the servers themselves do, so that connections of an earlier run that are still in TIME_WAIT do not
            // count.
            socket.setReuseAddress(true);
            socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
            return true;
        } catch (IOException taken) {
            return false;
        }
    }
}
