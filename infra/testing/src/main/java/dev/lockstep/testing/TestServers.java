package dev.lockstep.testing;

import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;
import org.junit.jupiter.api.extension.ExtensionContext.StoreScope;

/**
 * One Postgres and one Kafka for all tests of a JVM, each started on first use and stopped after the last test. A test declares what it uses
 * with a {@link TestResource}.
 */
public final class TestServers {
    private static final AtomicInteger NAMES = new AtomicInteger();

    private static @Nullable ServerProvider provider;
    private static @Nullable PostgresServer postgres;
    private static @Nullable KafkaServer kafka;

    private TestServers() {}

    public static synchronized PostgresServer postgres() {
        PostgresServer running = postgres;
        if (running == null) {
            running = provider().startPostgres();
            postgres = running;
        }
        return running;
    }

    public static synchronized KafkaServer kafka() {
        KafkaServer running = kafka;
        if (running == null) {
            running = provider().startKafka();
            kafka = running;
        }
        return running;
    }

    /** Returns a name that no other database, topic or group of this JVM has: the prefix and a number. */
    public static String newName(String prefix) {
        return prefix + NAMES.incrementAndGet();
    }

    /** Stops the servers after the last test of this JVM. A second call does nothing. */
    static void stopAfterSession(ExtensionContext context) {
        context.getStore(StoreScope.LAUNCHER_SESSION, Namespace.create(TestServers.class))
                .computeIfAbsent(Stop.class, key -> new Stop());
    }

    private static synchronized ServerProvider provider() {
        ServerProvider selected = provider;
        if (selected == null) {
            selected = ServerProvider.selected();
            provider = selected;
        }
        return selected;
    }

    private static synchronized void stop() {
        if (kafka != null) {
            kafka.close();
        }
        if (postgres != null) {
            postgres.close();
        }
    }

    private static final class Stop implements AutoCloseable {
        @Override
        public void close() {
            stop();
        }
    }
}
