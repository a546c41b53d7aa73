package dev.lockstep.relay;

import dev.lockstep.relay.SlotStore.SlotState;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Makes sure that publication and slot are there, and knows what a new slot has missed. */
final class SlotKeeper {
    private static final Logger LOGGER = LoggerFactory.getLogger(SlotKeeper.class);

    private final RelayConfig config;
    private final RelayDatabase database;
    private final SlotStore slots;
    private final WatermarkStore watermark;

    SlotKeeper(RelayConfig config, RelayDatabase database, SlotStore slots, WatermarkStore watermark) {
        this.config = config;
        this.database = database;
        this.slots = slots;
        this.watermark = watermark;
    }

    /**
     * Creates publication and slot where they are missing. Blocks, for as long as transactions that were open before it stay so.
     *
     * @throws RelayException if Postgres refuses
     */
    void prepare() {
        try (Connection connection = database.connectPatiently("slot")) {
            // First the publication: what is written while the slot exists and the publication does not would be lost.
            slots.createPublication(connection);
            if (slots.state(connection).isEmpty() && slots.create(connection)) {
                tellWhatItMissed(watermark.notRelayed(connection));
            }
        } catch (SQLException cause) {
            throw new RelayException(
                    "publication %s and slot %s cannot be created in database %s: %s"
                            .formatted(
                                    config.publicationName(),
                                    config.slotName(),
                                    config.database(),
                                    RelayException.reason(cause)),
                    cause);
        }
    }

    /** Why nobody can ever read from this slot, and what to do about it. Empty for a sound one. */
    Optional<String> whyUnusable(SlotState slot) {
        if (!slot.ours()) {
            return Optional.of(
                    "slot %s belongs to another database of this server: slot names are shared by all of them"
                            .formatted(config.slotName()));
        }
        return Optional.ofNullable(slot.lostBecause())
                .map(reason ->
                        ("slot %s is lost (%s): Postgres has removed changes that were not relayed. See max_slot_wal_keep_size;"
                                        + " SELECT pg_drop_replication_slot('%s') lets the relay create a new one")
                                .formatted(config.slotName(), reason, config.slotName()));
    }

    private void tellWhatItMissed(long missed) {
        if (missed == 0) {
            LOGGER.atInfo().addKeyValue("slot", config.slotName()).log("slot created");
        } else {
            LOGGER.atError()
                    .addKeyValue("slot", config.slotName())
                    .addKeyValue("rows", missed)
                    .log("slot created, but the outbox has rows from before it that were not relayed");
        }
    }
}
