package dev.lockstep.runtime;

import java.io.IOException;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.SocketException;
import java.net.UnknownHostException;
import java.nio.channels.UnresolvedAddressException;

/** Describes why a service cannot listen on its address, in terms of the HTTP_* settings. */
public final class ListenAddress {
    private ListenAddress() {}

    /**
     * Checks the address before anything else starts, so that the problem is found before a migration runs. Another process may still take
     * the port afterwards, so a failure to listen is explained as well.
     *
     * @throws StartException if the service cannot listen on the address
     */
    public static void check(HttpConfig http) {
        if (http.port() == 0) {
            return;
        }
        try (ServerSocket probe = new ServerSocket()) {
            // As the server does: connections of a process that has just ended must not block the port.
            probe.setReuseAddress(true);
            InetSocketAddress address = new InetSocketAddress(http.host(), http.port());
            if (address.isUnresolved()) {
                throw new UnknownHostException(http.host());
            }
            probe.bind(address);
        } catch (IOException e) {
            throw explain(http, e) instanceof RuntimeException explained
                    ? explained
                    : new StartException(e.toString(), e);
        }
    }

    static Throwable explain(HttpConfig http, Throwable failure) {
        String where = "HTTP_PORT " + http.port() + " on " + http.host();
        return switch (failure) {
            case BindException taken
            when String.valueOf(taken.getMessage()).contains("in use") ->
                new StartException(
                        where + " is in use by another process: stop that process, or set HTTP_PORT to a free port",
                        failure);
            case BindException refused ->
                new StartException(
                        "cannot listen on " + where + ": " + refused.getMessage()
                                + ". HTTP_HOST must be an address of this machine, or 0.0.0.0 for all its addresses",
                        failure);
            case SocketException denied ->
                new StartException("cannot listen on " + where + ": " + denied.getMessage(), failure);
            case UnknownHostException unknown -> unknownHost(http, failure);
            case UnresolvedAddressException unknown -> unknownHost(http, failure);
            default -> failure;
        };
    }

    private static StartException unknownHost(HttpConfig http, Throwable failure) {
        return new StartException(
                "HTTP_HOST " + http.host() + " cannot be resolved: set it to an address or a host name of this machine",
                failure);
    }
}
