package dev.lockstep.messaging;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.common.TopicPartition;

/** How many records of each topic wait for this member of the group. */
final class ConsumerLag {
    private final Map<String, AtomicLong> byTopic = new HashMap<>();

    ConsumerLag(ConsumerOptions options, MeterRegistry meters) {
        for (String topic : options.topics()) {
            AtomicLong lag = new AtomicLong();
            byTopic.put(topic, lag);
            Gauge.builder("lockstep.consumer.lag", lag, AtomicLong::doubleValue)
                    .description("records that wait on the partitions this member owns")
                    .tags("group", options.group(), "topic", topic)
                    .register(meters);
        }
    }

    /** Reads what the last fetches told; asks the broker nothing. */
    void update(Consumer<?, ?> consumer) {
        Map<String, Long> sums = new HashMap<>();
        for (TopicPartition partition : consumer.assignment()) {
            sums.merge(partition.topic(), consumer.currentLag(partition).orElse(0), Long::sum);
        }
        byTopic.forEach((topic, lag) -> lag.set(sums.getOrDefault(topic, 0L)));
    }
}
