package dev.lockstep.testing;

import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.common.KafkaFuture;
import org.jspecify.annotations.Nullable;

/** The topics of a test. They are deleted when it is closed, because a broker with many partitions is slow. */
public final class TestKafka extends TestResource {
    private static final long LIMIT_SECONDS = 30;

    private final String bootstrapServers;
    private final boolean shared;
    private final Set<String> topics = new HashSet<>();
    private @Nullable Admin admin;

    public TestKafka() {
        this(TestServers.kafka().bootstrapServers(), true);
    }

    private TestKafka(String bootstrapServers, boolean shared) {
        this.bootstrapServers = bootstrapServers;
        this.shared = shared;
    }

    /** The topics on a cluster that the test itself starts and stops. They are not deleted. */
    public static TestKafka at(String bootstrapServers) {
        return new TestKafka(bootstrapServers, false);
    }

    public String bootstrapServers() {
        return bootstrapServers;
    }

    public synchronized Admin admin() {
        Admin open = admin;
        if (open == null) {
            open = Admin.create(Map.of("bootstrap.servers", bootstrapServers));
            admin = open;
        }
        return open;
    }

    public void createTopic(String name, int partitions) {
        createTopic(name, partitions, Map.of());
    }

    public void createTopic(String name, int partitions, Map<String, String> settings) {
        NewTopic topic = new NewTopic(name, Optional.of(partitions), Optional.empty()).configs(settings);
        await(admin().createTopics(List.of(topic)).all());
        topics.add(name);
    }

    public void deleteTopic(String name) {
        topics.remove(name);
        await(admin().deleteTopics(List.of(name)).all());
    }

    /** Returns the result, or throws an {@link IllegalStateException} with the failure as its cause. */
    public static <T extends @Nullable Object> T await(KafkaFuture<T> future) {
        try {
            return future.get(LIMIT_SECONDS, TimeUnit.SECONDS);
        } catch (ExecutionException cause) {
            throw new IllegalStateException(cause.getCause());
        } catch (InterruptedException | TimeoutException cause) {
            throw new IllegalStateException(cause);
        }
    }

    @Override
    public synchronized void close() {
        if (admin == null) {
            return;
        }
        if (shared && !topics.isEmpty()) {
            var _ = admin.deleteTopics(topics);
        }
        admin.close();
    }
}
