package dev.lockstep.relay;

import dev.lockstep.relay.SlotStore.SlotState;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes sure that the publication and the slot are there, and that no slot takes up its work with rows missing before it.
 *
 * <pre>
 *  no slot ──create──▶ slot_new ──────── no row is pending ───────▶ slot   (slot_new is copied and dropped)
 *                          ╰──rows are pending──▶ {@link Recovery} ──▶╯
 * </pre>
 *
 * <p>The slot itself is what remembers how far this came: it exists only once nothing before it can be missing. So a crash
 * at any point, or two instances at once, repeat a step but skip none.
 */
final class SlotKeeper {
    private static final Logger LOGGER = LoggerFactory.getLogger(SlotKeeper.class);
    private static final Duration PAUSE = Duration.ofMillis(100);

    private final RelayConfig config;
    private final RelayDatabase database;
    private final SlotStore slots;
    private final WatermarkStore watermark;
    private final String slot;
    private final String newSlot;

    SlotKeeper(RelayConfig config, RelayDatabase database, SlotStore slots, WatermarkStore watermark) {
        this.config = config;
        this.database = database;
        this.slots = slots;
        this.watermark = watermark;
        this.slot = config.slotName();
        this.newSlot = config.slotName() + "_new";
    }

    /**
     * Creates publication and slot where they are missing. What commits afterwards will be captured. Blocks for as long as
     * transactions that were open before it stay so.
     *
     * @return how many rows from before the slot are to be sent from the table first; the slot does not exist until then
     * @throws RelayException if Postgres refuses
     */
    long prepare() {
        try (Connection connection = database.connectPatiently("slot")) {
            // First the publication: what is written while the slot exists and the publication does not would be lost.
            slots.createPublication(connection, config.publicationName());
            while (slots.state(connection, slot).isEmpty()) {
                Optional<SlotState> begun = slots.state(connection, newSlot);
                if (begun.isEmpty()) {
                    slots.create(connection, newSlot);
                } else if (begun.get().active()) {
                    // Another instance is creating it.
                    LockSupport.parkNanos(PAUSE.toNanos());
                } else if (begun.get().lostBecause() != null) {
                    slots.drop(connection, newSlot);
                } else {
                    long missed = watermark.notRelayed(connection);
                    if (missed > 0) {
                        return missed;
                    }
                    complete(connection);
                }
            }
            slots.drop(connection, newSlot);
            return 0;
        } catch (SQLException cause) {
            throw new RelayException(
                    "publication %s and slot %s cannot be created in database %s: %s"
                            .formatted(config.publicationName(), slot, config.database(), RelayException.reason(cause)),
                    cause);
        }
    }

    /** Lets the slot begin where the new one stands. To be called when every committed row from before it is in Kafka. */
    void complete(Connection connection) throws SQLException {
        if (slots.copy(connection, newSlot, slot)) {
            LOGGER.atInfo().addKeyValue("slot", slot).log("slot created");
        }
        slots.drop(connection, newSlot);
    }

    Optional<SlotState> state(Connection connection) throws SQLException {
        return slots.state(connection, slot);
    }

    /** Why nobody can ever read from this slot, and what to do about it. Empty for a sound one. */
    Optional<String> whyUnusable(SlotState state) {
        if (!state.ours()) {
            return Optional.of(
                    "slot %s belongs to another database of this server: slot names are shared by all of them"
                            .formatted(slot));
        }
        return Optional.ofNullable(state.lostBecause())
                .map(reason ->
                        ("slot %s is lost (%s): Postgres has removed changes that were not relayed, see max_slot_wal_keep_size."
                                        + " SELECT pg_drop_replication_slot('%s') lets the relay make a new one and send from the table what is pending")
                                .formatted(slot, reason, slot));
    }
}
