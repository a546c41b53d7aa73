package dev.lockstep.runtime;

import dev.lockstep.runtime.tls.UnusableCertificateException;
import java.io.IOException;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.SocketException;
import java.net.UnknownHostException;
import java.nio.channels.UnresolvedAddressException;

/**
 * An address that a service listens on. Describes why it cannot, in terms of the settings.
 *
 * @param prefix what precedes {@code HTTP_HOST} and {@code HTTP_PORT} in the names of its settings
 */
public record ListenAddress(String prefix, String host, int port) {
    static ListenAddress main(HttpConfig http) {
        return new ListenAddress("", http.host(), http.port());
    }

    static ListenAddress admin(AdminConfig admin) {
        return new ListenAddress("ADMIN_", admin.host(), admin.port());
    }

    /**
     * Checks the addresses and the certificate before anything else starts, so that a problem is found before a migration runs. Another
     * process may still take a port afterwards, so a failure to listen is explained as well.
     *
     * @throws StartException if the service cannot listen on an address, or cannot use the certificate
     */
    public static void check(HttpConfig http) {
        if (http.tls() != null) {
            try {
                http.tls().read();
            } catch (UnusableCertificateException e) {
                throw new StartException(String.valueOf(e.getMessage()), e);
            }
        }
        main(http).check();
        if (http.admin() != null) {
            admin(http.admin()).check();
        }
    }

    private void check() {
        if (port == 0) {
            return;
        }
        try (ServerSocket probe = new ServerSocket()) {
            // As the server does: connections of a process that has just ended must not block the port.
            probe.setReuseAddress(true);
            InetSocketAddress address = new InetSocketAddress(host, port);
            if (address.isUnresolved()) {
                throw new UnknownHostException(host);
            }
            probe.bind(address);
        } catch (IOException e) {
            throw explain(e) instanceof RuntimeException explained ? explained : new StartException(e.toString(), e);
        }
    }

    Throwable explain(Throwable failure) {
        String where = prefix + "HTTP_PORT " + port + " on " + host;
        return switch (failure) {
            case BindException taken
            when String.valueOf(taken.getMessage()).contains("in use") ->
                new StartException(
                        where + " is in use by another process: stop that process, or set " + prefix
                                + "HTTP_PORT to a free port",
                        failure);
            case BindException refused ->
                new StartException(
                        "cannot listen on " + where + ": " + refused.getMessage() + ". " + prefix
                                + "HTTP_HOST must be an address of this machine, or 0.0.0.0 for all its addresses",
                        failure);
            case SocketException denied ->
                new StartException("cannot listen on " + where + ": " + denied.getMessage(), failure);
            case UnknownHostException unknown -> unknownHost(failure);
            case UnresolvedAddressException unknown -> unknownHost(failure);
            default -> failure;
        };
    }

    private StartException unknownHost(Throwable failure) {
        return new StartException(
                prefix + "HTTP_HOST " + host
                        + " cannot be resolved: set it to an address or a host name of this machine",
                failure);
    }
}
