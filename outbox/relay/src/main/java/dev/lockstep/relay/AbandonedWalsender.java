package dev.lockstep.relay;

import java.net.InetSocketAddress;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Terminates the walsender of an abandoned engine. The walsender ends by itself once it finds its connection closed, but a server that
 * decodes a large transaction notices that late.
 *
 * <p>The walsender is identified by the client address of the engine's connection, so that no other relay's walsender is terminated. If the
 * server sees another address, as behind a proxy, the walsender is left to end by itself.
 */
final class AbandonedWalsender {
    private static final Logger LOGGER = LoggerFactory.getLogger(AbandonedWalsender.class);
    private static final Duration LIMIT = Duration.ofSeconds(30);
    private static final Duration PAUSE = Duration.ofMillis(500);

    private final RelayConfig config;
    private final String[] addresses;

    /** @param addresses the local addresses of the engine's connections */
    AbandonedWalsender(RelayConfig config, Set<InetSocketAddress> addresses) {
        this.config = config;
        this.addresses = addresses.stream()
                .map(address -> address.getAddress().getHostAddress().replaceAll("%.*", "") + " " + address.getPort())
                .toArray(String[]::new);
    }

    /** Starts a thread that terminates the walsender, and returns at once. */
    void terminateAsync() {
        if (addresses.length > 0) {
            Thread.ofPlatform()
                    .daemon()
                    .name("relay-abandoned-" + config.database())
                    .start(this::terminateUntilGone);
        }
    }

    // The walsender is gone when none is found. While Postgres cannot be reached this is unknown, so the loop
    // continues.
    private void terminateUntilGone() {
        long deadline = System.nanoTime() + LIMIT.toNanos();
        boolean found = true;
        while (found && System.nanoTime() - deadline < 0) {
            try (Connection connection = new RelayDatabase(config).connect("abandoned engine")) {
                found = new SlotStore().terminateWalsender(connection, config.slotName(), addresses);
            } catch (SQLException cause) {
                LOGGER.atDebug()
                        .setCause(cause)
                        .log("walsender of an abandoned engine cannot be terminated yet, retrying");
            }
            if (found) {
                LockSupport.parkNanos(PAUSE.toNanos());
            }
        }
    }
}
