package dev.lockstep.relay;

import java.time.Duration;
import org.apache.kafka.clients.producer.Producer;

/**
 * A producer and whether it was closed. Records that were sent through it and not acknowledged by then may or may not have reached
 * Kafka.
 */
final class ProducerHandle {
    private final Producer<byte[], byte[]> producer;
    private final Thread closer;
    private volatile boolean closed;

    ProducerHandle(Producer<byte[], byte[]> producer) {
        this.producer = producer;
        this.closer = Thread.ofVirtual().name("close-kafka-producer").unstarted(this::closeOnThisThread);
    }

    Producer<byte[], byte[]> producer() {
        return producer;
    }

    boolean isClosed() {
        return closed;
    }

    // Called on the producer's own I/O thread too: closing it there prevents it from sending the next batch.
    void closeOnThisThread() {
        closed = true;
        producer.close(Duration.ZERO);
    }

    /**
     * Closes the producer and waits for its I/O thread, but not longer than the limit. That thread ends late while it resolves the host
     * name of a broker, which can take half a minute, and it may still send a batch then.
     *
     * @return whether the producer has ended
     */
    boolean close(Duration limit) throws InterruptedException {
        closed = true;
        synchronized (closer) {
            if (closer.getState() == Thread.State.NEW) {
                closer.start();
            }
        }
        return closer.join(limit);
    }
}
