package dev.lockstep.testing;

/** A Kafka cluster of the tests, with one node. */
public interface KafkaServer extends AutoCloseable {
    String bootstrapServers();

    /** Stops the cluster and deletes its data. */
    @Override
    void close();
}
