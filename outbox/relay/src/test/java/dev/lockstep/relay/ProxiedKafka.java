package dev.lockstep.relay;

import dev.lockstep.embedded.FreePorts;
import dev.lockstep.embedded.LocalKafka;
import dev.lockstep.embedded.LocalKafka.Listener;
import dev.lockstep.embedded.TcpProxy;
import java.nio.file.Path;
import java.util.List;

/** A Kafka broker for one test with two listeners: a direct one, and one behind a proxy that can interrupt the connections. */
final class ProxiedKafka implements AutoCloseable {
    private final LocalKafka kafka;
    private final TcpProxy network;

    private ProxiedKafka(LocalKafka kafka, TcpProxy network) {
        this.kafka = kafka;
        this.network = network;
    }

    static ProxiedKafka start(Path folder) {
        int port = FreePorts.any();
        TcpProxy network = TcpProxy.to("127.0.0.1", port);
        return new ProxiedKafka(
                LocalKafka.start(folder, 0, List.of(new Listener("PROXIED", port, network.port()))), network);
    }

    String direct() {
        return kafka.bootstrapServers();
    }

    String throughTheNetwork() {
        return "127.0.0.1:" + network.port();
    }

    TcpProxy network() {
        return network;
    }

    @Override
    public void close() {
        network.close();
        kafka.close();
    }
}
