package dev.lockstep.runtime;

import static dev.lockstep.testing.Futures.await;
import static java.nio.charset.StandardCharsets.ISO_8859_1;

import dev.lockstep.messaging.http.JsonBody;
import dev.lockstep.messaging.http.Responses;
import dev.lockstep.runtime.auth.Access;
import dev.lockstep.testing.HttpOnly;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.vertx.core.Vertx;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/** The HTTP server of a service without the service, for tests that use plain sockets. */
final class TestHttpServer implements AutoCloseable {
    private static final int READ_TIMEOUT_MILLIS = 20_000;

    final SimpleMeterRegistry meters = new SimpleMeterRegistry();
    final HealthChecks health = new HealthChecks();
    final ConnectionLimit connections = new ConnectionLimit();
    /** The requests that reached a route. */
    final AtomicInteger echoed = new AtomicInteger();

    record Echo(@Nullable String text, @Nullable Integer times) {}

    private final Vertx vertx =
            Vertx.builder().withTransport(AcceptThrottle.transport()).build();
    private final int port;

    private TestHttpServer(Map<String, String> settings) {
        Env env = new Env(HttpOnly.settings(settings));
        ServiceConfig config = ServiceConfig.read(env, "edge-service", 8080);
        ServiceContext context = new ServiceContext(env.build("edge-service", () -> config), meters, health);
        ServiceRoutes routes = ServiceRoutes.open(vertx, context);
        routes.post("/echo", Access.open(), ctx -> {
            echoed.incrementAndGet();
            Responses.json(ctx, 200, JsonBody.read(ctx, Echo.class));
        });
        routes.delete("/echo", Access.open(), ctx -> {
            echoed.incrementAndGet();
            ctx.end();
        });
        routes.get("/echo", Access.open(), ctx -> {
            echoed.incrementAndGet();
            ctx.end("echo");
        });
        routes.get("/never", Access.open(), ctx -> echoed.incrementAndGet());
        routes.get("/blocking", Access.open(), ctx -> {
            echoed.incrementAndGet();
            LockSupport.parkNanos(Duration.ofSeconds(3).toNanos());
            ctx.end();
        });
        routes.get("/large", Access.open(), ctx -> ctx.end("x".repeat(4 * 1024 * 1024)));
        port = await(HttpApi.listen(vertx, routes, context, connections)).actualPort();
    }

    static TestHttpServer start(Map<String, String> settings) {
        return new TestHttpServer(settings);
    }

    Vertx vertx() {
        return vertx;
    }

    int port() {
        return port;
    }

    int adminPort() {
        return ListeningServer.ofOperators(vertx).orElseThrow().actualPort();
    }

    /** The number of connections closed for this reason. */
    double ended(String reason) {
        return counted("lockstep.http.connections.ended", "reason", reason);
    }

    double counted(String name, String... tags) {
        Counter counter = meters.find(name).tags(tags).counter();
        return counter == null ? 0 : counter.count();
    }

    Socket connect() throws IOException {
        return connect(0);
    }

    /** @param receiveBuffer size in bytes, or 0 for the default */
    Socket connect(int receiveBuffer) throws IOException {
        Socket socket = new Socket();
        if (receiveBuffer > 0) {
            socket.setReceiveBufferSize(receiveBuffer);
        }
        socket.setSoTimeout(READ_TIMEOUT_MILLIS);
        socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
        return socket;
    }

    /** Sends the request on a new connection and returns everything received until the server closes it. */
    String exchange(String request) throws IOException {
        try (Socket socket = connect()) {
            write(socket, request);
            return readUntilClosed(socket);
        }
    }

    static void write(Socket socket, String bytes) throws IOException {
        socket.getOutputStream().write(bytes.getBytes(ISO_8859_1));
        socket.getOutputStream().flush();
    }

    /** Fails if the server keeps the connection open. */
    static String readUntilClosed(Socket socket) throws IOException {
        ByteArrayOutputStream read = new ByteArrayOutputStream();
        byte[] buffer = new byte[8192];
        try {
            for (int count = socket.getInputStream().read(buffer); count >= 0; ) {
                read.write(buffer, 0, count);
                count = socket.getInputStream().read(buffer);
            }
        } catch (SocketException e) {
            // The server closed the connection with unread input. The bytes received before that are returned.
        }
        return read.toString(ISO_8859_1);
    }

    /** Reads one response with its body, or returns null if the server closes the connection instead. */
    static @Nullable String readResponse(Socket socket) throws IOException {
        StringBuilder read = new StringBuilder();
        try {
            while (!isComplete(read)) {
                int next = socket.getInputStream().read();
                if (next < 0) {
                    return null;
                }
                read.append((char) next);
            }
        } catch (SocketException e) {
            return null;
        }
        return read.toString();
    }

    private static boolean isComplete(StringBuilder response) {
        int head = response.indexOf("\r\n\r\n");
        if (head < 0) {
            return false;
        }
        int length = response.indexOf("content-length: ");
        return length < 0
                || response.length() - head - 4
                        >= Integer.parseInt(response.substring(length + 16, response.indexOf("\r", length)));
    }

    @Override
    public void close() {
        await(vertx.close());
    }
}
