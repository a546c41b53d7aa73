package dev.lockstep.embedded;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.Node;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayNameGeneration(ReplaceUnderscores.class)
class TcpProxyIT {
    private static final int A_MOMENT = 300;

    private ServerSocket echo;
    private TcpProxy proxy;

    @BeforeEach
    void start() throws IOException {
        echo = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        Thread.ofVirtual().start(this::serve);
        proxy = TcpProxy.to("127.0.0.1", echo.getLocalPort());
    }

    @AfterEach
    void stop() throws IOException {
        proxy.close();
        echo.close();
    }

    @Test
    void data_and_end_of_stream_pass_in_both_directions() throws IOException {
        byte[] sent = "0123456789".repeat(100_000).getBytes(StandardCharsets.UTF_8);

        try (Socket client = connect()) {
            Thread.ofVirtual().start(() -> {
                write(client, sent);
                shutdown(client);
            });

            assertThat(client.getInputStream().readAllBytes()).isEqualTo(sent);
        }
        Awaitility.await().until(() -> proxy.connections() == 0);
    }

    @Test
    void a_cut_resets_open_and_new_connections_until_healed() throws IOException {
        try (Socket client = connect()) {
            assertThat(answerTo(client, "before")).isEqualTo("before");

            proxy.cut();

            assertThatThrownBy(() -> answerTo(client, "after")).isInstanceOf(IOException.class);
            assertThatThrownBy(() -> answerTo(connect(), "new")).isInstanceOf(IOException.class);
        }

        proxy.heal();

        try (Socket client = connect()) {
            assertThat(answerTo(client, "healed")).isEqualTo("healed");
        }
    }

    @Test
    void a_frozen_network_delivers_everything_once_healed() throws IOException {
        try (Socket client = connect()) {
            assertThat(answerTo(client, "before")).isEqualTo("before");

            proxy.freeze();

            client.setSoTimeout(A_MOMENT);
            assertThatThrownBy(() -> answerTo(client, "frozen")).isInstanceOf(SocketTimeoutException.class);

            proxy.heal();

            client.setSoTimeout(0);
            assertThat(read(client, "frozen".length())).isEqualTo("frozen");
        }
    }

    @Test
    void a_delay_applies_once_per_direction_regardless_of_data_in_flight() throws IOException {
        try (Socket client = connect()) {
            assertThat(answerTo(client, "before")).isEqualTo("before");
            proxy.delay(Duration.ofMillis(A_MOMENT));

            long begun = System.nanoTime();
            for (int i = 0; i < 10; i++) {
                write(client, "0123456789".getBytes(StandardCharsets.UTF_8));
            }
            read(client, 100);

            assertThat(Duration.ofNanos(System.nanoTime() - begun))
                    .isBetween(Duration.ofMillis(2 * A_MOMENT), Duration.ofMillis(10 * A_MOMENT));
        }
    }

    @Test
    void bandwidth_is_limited_per_second() throws IOException {
        try (Socket client = connect()) {
            // The bandwidth limit counts from the last bytes sent.
            long begun = System.nanoTime();
            assertThat(answerTo(client, "before")).isEqualTo("before");

            proxy.bandwidth(50_000);

            assertThat(answerTo(client, "0123456789".repeat(2_500))).hasSize(25_000);

            assertThat(Duration.ofNanos(System.nanoTime() - begun)).isGreaterThan(Duration.ofMillis(500));
        }
    }

    @Test
    void an_unreachable_server_resets_the_connection() throws IOException {
        // Bound, so that no other process can take the port, but not listening.
        try (Socket absent = new Socket()) {
            absent.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
            try (TcpProxy toClosedPort = TcpProxy.to("127.0.0.1", absent.getLocalPort())) {
                assertThatThrownBy(() -> answerTo(connect(toClosedPort), "hello"))
                        .isInstanceOf(IOException.class);
            }
        }
    }

    @Test
    void a_kafka_client_that_connects_through_a_proxy_keeps_using_it(@TempDir Path folder) throws Exception {
        int port = FreePorts.any();
        try (TcpProxy toKafka = TcpProxy.to("127.0.0.1", port);
                LocalKafka kafka = LocalKafka.start(
                        folder, 0, List.of(new LocalKafka.Listener("PROXIED", port, toKafka.port())))) {
            assertThat(portOfTheNode(kafka.bootstrapServers())).isEqualTo(kafka.port());
            assertThat(portOfTheNode("127.0.0.1:" + toKafka.port())).isEqualTo(toKafka.port());
        }
    }

    private static int portOfTheNode(String bootstrapServers) throws Exception {
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", bootstrapServers))) {
            return admin.describeCluster().nodes().get().stream()
                    .map(Node::port)
                    .findFirst()
                    .orElseThrow();
        }
    }

    private Socket connect() throws IOException {
        return connect(proxy);
    }

    private static Socket connect(TcpProxy proxy) throws IOException {
        return new Socket(InetAddress.getLoopbackAddress(), proxy.port());
    }

    private static String answerTo(Socket client, String text) throws IOException {
        client.getOutputStream().write(text.getBytes(StandardCharsets.UTF_8));
        return read(client, text.length());
    }

    private static String read(Socket client, int length) throws IOException {
        InputStream in = client.getInputStream();
        byte[] answer = in.readNBytes(length);
        if (answer.length < length) {
            throw new IOException("the connection ended");
        }
        return new String(answer, StandardCharsets.UTF_8);
    }

    private static void write(Socket client, byte[] bytes) {
        try {
            client.getOutputStream().write(bytes);
        } catch (IOException cause) {
            throw new UncheckedIOException(cause);
        }
    }

    private static void shutdown(Socket client) {
        try {
            client.shutdownOutput();
        } catch (IOException cause) {
            throw new UncheckedIOException(cause);
        }
    }

    private void serve() {
        while (true) {
            try {
                Socket client = echo.accept();
                Thread.ofVirtual().start(() -> {
                    try (client) {
                        client.getInputStream().transferTo(client.getOutputStream());
                    } catch (IOException gone) {
                        // Closed by the test.
                    }
                });
            } catch (IOException closed) {
                return;
            }
        }
    }
}
