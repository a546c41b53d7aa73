package dev.lockstep.relay;

import dev.lockstep.relay.RecoveryStore.Progress;
import dev.lockstep.relay.SlotStore.SlotState;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Creates the publication and the replication slot, and ensures that no slot is read from while rows from before it are missing.
 *
 * <pre>
 *  slot is lost ──drop──▶ no slot ──create──▶ slot_new ────── no row is pending ──────▶ slot   (slot_new is copied and dropped)
 *                                                 ╰── rows are pending ──▶ Recovery ──────▶╯
 * </pre>
 *
 * <p>The slot itself records the progress: it exists only once no row from before it can be missing. A crash at any point, or two instances
 * at once, may repeat a step but never skip one.
 */
final class SlotProvisioner {
    private static final Logger LOGGER = LoggerFactory.getLogger(SlotProvisioner.class);
    private static final Duration PAUSE = Duration.ofMillis(100);
    private static final String UNDEFINED_TABLE = "42P01";

    private final UUID relay = UUID.randomUUID();
    private final RelayConfig config;
    private final RelayDatabase database;
    private final SlotStore slots;
    private final PublicationStore publications = new PublicationStore();
    private final RecoveryStore recovery = new RecoveryStore();
    private final SlotClaimStore slotClaims = new SlotClaimStore();
    private final SnapshotDiffStore snapshotDiff = new SnapshotDiffStore();
    private final RelayGrantStore grants = new RelayGrantStore();
    private final String slot;
    private final String newSlot;
    private final AdaptiveStatementTimeout statementTimeout;

    private volatile boolean closed;

    SlotProvisioner(RelayConfig config, RelayDatabase database, SlotStore slots) {
        this(config, database, slots, new AdaptiveStatementTimeout());
    }

    /** @param statementTimeout applies to the statements that replace a slot */
    SlotProvisioner(
            RelayConfig config, RelayDatabase database, SlotStore slots, AdaptiveStatementTimeout statementTimeout) {
        this.config = config;
        this.database = database;
        this.slots = slots;
        this.slot = config.slotName();
        this.newSlot = config.slotName() + "_new";
        this.statementTimeout = statementTimeout;
    }

    /**
     * Creates the publication and the slot if they are missing, and replaces a slot that is lost. Rows that commit afterwards will be
     * captured. Blocks until transactions that were open before the slot was created have ended.
     *
     * @return whether rows from before the slot must be sent from the table first; the slot does not exist until then
     * @throws RelayException if Postgres refuses, or does not answer at all, or if this provisioner is closed
     */
    boolean prepare() {
        while (!closed) {
            try {
                grantMissingRights();
                return needsRecovery();
            } catch (SQLException cause) {
                if (UNDEFINED_TABLE.equals(cause.getSQLState())) {
                    throw new RelayException(
                            "database %s has no outbox tables, its schema must be migrated first: %s"
                                    .formatted(config.database(), RelayException.reason(cause)),
                            cause);
                }
                // Waiting for an open transaction is not a failure; the statement is repeated with a longer timeout.
                if (!statementTimeout.increaseIfTimedOut(cause)) {
                    throw new RelayException(
                            "publication %s and slot %s cannot be created in database %s: %s"
                                    .formatted(
                                            config.publicationName(),
                                            slot,
                                            config.database(),
                                            RelayException.reason(cause)),
                            cause);
                }
            }
        }
        throw closing();
    }

    /** Shared with the recovery, which reads the same rows. */
    AdaptiveStatementTimeout statementTimeout() {
        return statementTimeout;
    }

    /** Ends {@link #prepare}, at the latest when its current statement times out. */
    void close() {
        closed = true;
    }

    private void grantMissingRights() throws SQLException {
        if (config.postgres().hasOwnRole()) {
            try (Connection owner = database.connectAsOwner("grants", statementTimeout.current())) {
                grants.grant(owner, config.postgres().relay().user());
            }
        }
    }

    // Only the owner of the tables may publish them.
    private void createPublication(Connection connection) throws SQLException {
        if (!slots.isPublicationComplete(connection, config.publicationName())) {
            try (Connection owner = database.connectAsOwner("publication", statementTimeout.current())) {
                slots.createPublication(owner, config.publicationName());
            }
        }
    }

    private boolean needsRecovery() throws SQLException {
        try (Connection connection = database.connect("slot", statementTimeout.current())) {
            return needsRecovery(connection);
        }
    }

    private boolean needsRecovery(Connection connection) throws SQLException {
        publications.adopt(connection, config.publicationName());
        // The publication first: rows that are written while the slot exists and the publication does not would be
        // lost.
        createPublication(connection);
        while (!closed) {
            Optional<SlotState> found = slots.state(connection, slot);
            if (found.isPresent()
                    && (found.get().invalidationReason() == null || !found.get().inCurrentDatabase())) {
                // An active slot is left to its reader, which detects the change too.
                if (found.get().inCurrentDatabase() && !found.get().active() && dropIfPublicationChanged(connection)) {
                    continue;
                }
                slots.dropRedundant(connection, newSlot, slot);
                statementTimeout.reset();
                return false;
            }
            if (found.isPresent()) {
                dropLost(connection, found.get());
            } else if (advanceReplacement(connection)) {
                return true;
            }
        }
        throw closing();
    }

    private static RelayException closing() {
        return new RelayException("the relay is being closed", null);
    }

    /** Whether another relay is sending the pending rows, so that this one only has to wait. */
    boolean isRecoveryLeasedElsewhere(Connection connection) throws SQLException {
        return recovery.isLeasedByAnother(connection, relay);
    }

    /** Whether this relay is to send the pending rows from the table. False while another relay does. */
    boolean acquireRecoveryLease(Connection connection) throws SQLException {
        return recovery.acquireLease(connection, relay);
    }

    /**
     * Returns which rows must be sent from the table.
     *
     * @throws RelayException if no rows have to be sent any more
     */
    Progress progress(Connection connection) throws SQLException {
        return recovery.find(connection)
                .orElseThrow(() -> new RelayException("no rows have to be sent from the table any more", null));
    }

    /**
     * Records that Kafka has acknowledged everything up to this id.
     *
     * @throws RelayException if another relay has taken over
     */
    void recordProgress(Connection connection, Progress progress, String id) throws SQLException {
        if (!recovery.recordProgress(connection, relay, progress.slotLsn(), id)) {
            throw new RelayException("another relay has taken over sending the pending rows from the table", null);
        }
    }

    /**
     * Creates the slot at the position of the new one. Must be called only when every committed row from before that position is in Kafka.
     */
    void complete(Connection connection, Progress progress) throws SQLException {
        recovery.complete(connection, progress.slotLsn());
        Optional<String> begins = slots.copy(connection, newSlot, slot);
        if (begins.isPresent() && !begins.get().equals(progress.slotLsn())) {
            // Another relay has created another new slot meanwhile; the rows between the two positions would be
            // missing.
            slots.drop(connection, slot);
            return;
        }
        begins.ifPresent(lsn -> LOGGER.atInfo()
                .addKeyValue("slot", slot)
                .addKeyValue("lsn", lsn)
                .log("slot created"));
        slots.dropRedundant(connection, newSlot, slot);
    }

    Optional<SlotState> state(Connection connection) throws SQLException {
        return slots.state(connection, slot);
    }

    /**
     * Drops the slot, so that it is created again, if rows may be missing from it. This is so if it is not the slot that a relay last
     * claimed and no slot has been verified since, or if the publication was altered since the slot was created.
     *
     * @return true if the slot must not be read from
     */
    boolean dropUnverified(Connection connection) throws SQLException {
        boolean dropped = slots.dropUnverified(connection, slot);
        if (dropped) {
            LOGGER.atWarn()
                    .addKeyValue("slot", slot)
                    .log("slot was dropped and created by another client, the relay replaces it");
        }
        return dropped || dropIfPublicationChanged(connection);
    }

    /** Whether the publication is complete and unchanged since the slot was created. If not, {@link #dropUnverified} drops the slot. */
    boolean isPublicationUnchanged(Connection connection) throws SQLException {
        return publications.isUnchanged(connection, config.publicationName())
                && slots.isPublicationComplete(connection, config.publicationName());
    }

    /** @throws RelayException if the publication has changed since the slot was created, or Postgres cannot be asked */
    void requireUnchangedPublication() {
        try (Connection connection = database.connect("publication")) {
            if (!isPublicationUnchanged(connection)) {
                throw new RelayException(publicationChangedMessage(), null);
            }
        } catch (SQLException cause) {
            throw new RelayException(
                    "publication %s cannot be checked: %s"
                            .formatted(config.publicationName(), RelayException.reason(cause)),
                    cause);
        }
    }

    String publicationChangedMessage() {
        return "publication %s was dropped or altered, rows may be missing from slot %s"
                .formatted(config.publicationName(), slot);
    }

    private boolean dropIfPublicationChanged(Connection connection) throws SQLException {
        if (isPublicationUnchanged(connection)) {
            return false;
        }
        if (slots.drop(connection, slot)) {
            LOGGER.atWarn()
                    .addKeyValue("slot", slot)
                    .addKeyValue("publication", config.publicationName())
                    .log("publication was dropped or altered, the relay replaces the slot");
        }
        return true;
    }

    /**
     * Must be called before an engine is started. An engine that finds no slot creates one, and rows that committed before would not come
     * through that slot.
     *
     * @param seen the state in which the slot was found free
     * @return false if the slot is no longer in that state
     */
    boolean claim(Connection connection, SlotState seen) throws SQLException {
        return slotClaims.claim(connection, slot, seen);
    }

    /**
     * Must be called while the engine holds the slot, before anything that it read is published.
     *
     * @return whether the engine read from the slot that this relay claimed. If not, {@link #dropUnverified} drops it
     * @throws RelayException if Postgres cannot be asked
     */
    boolean verify(SlotState seen) {
        try (Connection connection = database.connect("slot")) {
            boolean verified = slotClaims.verify(connection, slot, seen);
            if (!verified) {
                // Another relay may have claimed the same slot, and verified it, before it was dropped.
                slotClaims.revoke(connection, seen);
            }
            return verified;
        } catch (SQLException cause) {
            throw new RelayException(
                    "slot %s cannot be checked: %s".formatted(slot, RelayException.reason(cause)), cause);
        }
    }

    /** Why this relay can never read from the slot. Empty for a valid slot, and for one that {@link #prepare} replaces. */
    Optional<String> unusableReason(SlotState state) {
        return state.inCurrentDatabase()
                ? Optional.empty()
                : Optional.of("slot %s belongs to another database of this server; slot names are unique in a server"
                        .formatted(slot));
    }

    private void dropLost(Connection connection, SlotState lost) throws SQLException {
        if (slots.dropLost(connection, slot)) {
            LOGGER.atWarn()
                    .addKeyValue("slot", slot)
                    .addKeyValue("reason", lost.invalidationReason())
                    .log("slot was lost because Postgres removed changes that were not relayed (see"
                            + " max_slot_wal_keep_size), the relay replaces it");
        } else {
            // Postgres is about to end the slot's reader, or another instance was faster.
            LockSupport.parkNanos(PAUSE.toNanos());
        }
    }

    // Returns true when only the pending rows remain to be sent from the table. Otherwise it has advanced by one step.
    private boolean advanceReplacement(Connection connection) throws SQLException {
        Optional<SlotState> begun = slots.state(connection, newSlot);
        if (begun.isEmpty()) {
            createPublication(connection);
            publications.record(connection, config.publicationName(), slot, newSlot);
            slots.create(connection, newSlot);
        } else if (!begun.get().inCurrentDatabase()) {
            throw new RelayException("slot %s belongs to another database of this server".formatted(newSlot), null);
        } else if (begun.get().active()) {
            // Another instance is creating it.
            LockSupport.parkNanos(PAUSE.toNanos());
        } else if (begun.get().invalidationReason() != null) {
            slots.dropLost(connection, newSlot);
        } else if (!isPublicationUnchanged(connection)) {
            slots.drop(connection, newSlot);
        } else {
            Progress progress = recovery.begin(connection, begun.get().confirmedLsn());
            if (!progress.completed() && !snapshotDiff.isEmpty(connection, progress.snapshot(), progress.sent())) {
                return true;
            }
            complete(connection, progress);
        }
        return false;
    }
}
