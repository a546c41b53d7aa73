package dev.lockstep.messaging.consumer;

import dev.lockstep.messaging.delivery.ConsumerOptions;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.InvalidOffsetException;
import org.apache.kafka.common.errors.WakeupException;

/**
 * Polls records with one Kafka client, delivers them, commits their offsets, and retries parked messages. Runs on a
 * {@link ConsumerThread}. No other thread uses the client, except to wake it up.
 */
final class PollLoop implements ConsumerThread.ClientLoop {
    private static final Duration IDLE_POLL = Duration.ofMillis(500);
    private static final Duration SHORT_POLL = Duration.ofMillis(20);
    private static final long MAX_DELIVERY_NANOS = TimeUnit.SECONDS.toNanos(2);

    /** How long {@link #run} takes at most to commit and store what was applied, once no record is being delivered any more. */
    static final Duration MAX_END_DURATION =
            OffsetCommits.MAX_COMMIT_DURATION.plus(StartPositionResolver.MAX_SAVE_DURATION);

    private final Consumer<byte[], byte[]> client;
    private final ConsumerOptions options;
    private final RecordDelivery delivery;
    private final PartitionPositions positions;
    private final PartitionPauses pauses;
    private final OffsetCommits offsets;
    private final GroupMembershipHealth membership;
    private final ConsumerProgress progress;

    PollLoop(
            Consumer<byte[], byte[]> client,
            ConsumerOptions options,
            RecordDelivery delivery,
            PartitionPositions positions,
            PartitionPauses pauses,
            OffsetCommits offsets,
            ConsumerProgress progress) {
        this.client = client;
        this.options = options;
        this.delivery = delivery;
        this.positions = positions;
        this.pauses = pauses;
        this.offsets = offsets;
        this.membership = new GroupMembershipHealth(client, options);
        this.progress = progress;
    }

    /**
     * Runs until it is asked to end, and then commits the offsets and stores the positions of all applied records. The caller closes the
     * client.
     */
    @Override
    public void run(BooleanSupplier ending) throws InterruptedException {
        RebalanceListener listener =
                new RebalanceListener(options.group(), offsets, positions, delivery::forget, this::updatePauses);
        client.subscribe(options.topics(), listener);
        try {
            while (!ending.getAsBoolean()) {
                pollOnce(ending);
            }
        } catch (WakeupException wakeup) {
            if (!ending.getAsBoolean()) {
                throw wakeup;
            }
        }
        offsets.commitSync();
        positions.save();
        // Closing the client revokes the partitions. What could not be committed or stored just now is not tried again.
        listener.onPartitionsLost(client.assignment());
    }

    private void pollOnce(BooleanSupplier ending) throws InterruptedException {
        progress.step();
        positions.resolve();
        ConsumerRecords<byte[], byte[]> polled = poll();
        progress.step();
        deliver(polled, ending);
        updateHealth(polled.isEmpty());
        if (offsets.isDue(polled.isEmpty())) {
            offsets.commitAsync();
        }
        if (!ending.getAsBoolean()) {
            delivery.retryParkedIfDue(positions::toRetry);
        }
    }

    private ConsumerRecords<byte[], byte[]> poll() {
        try {
            return client.poll(updatePauses());
        } catch (InvalidOffsetException invalidOffset) {
            positions.invalidate(invalidOffset.partitions());
            return ConsumerRecords.empty();
        }
    }

    /** Returns how long to poll. */
    private Duration updatePauses() {
        Duration pause = delivery.pauseLeft();
        if (pause.isPositive()) {
            client.pause(client.assignment());
            return pause.compareTo(IDLE_POLL) < 0 ? pause : IDLE_POLL;
        }
        return pauses.update() || offsets.hasUncommitted() ? SHORT_POLL : IDLE_POLL;
    }

    // Records that are held back while a suspect is delivered alone are taken from the polled records. Fetching them
    // again would cost half a second for each record, because the fetch for the records behind them is already in
    // flight.
    private void deliver(ConsumerRecords<byte[], byte[]> polled, BooleanSupplier ending) throws InterruptedException {
        long begun = System.nanoTime();
        PolledBatch batch = new PolledBatch(polled);
        boolean delivered = true;
        while (delivered
                && !batch.isEmpty()
                && !ending.getAsBoolean()
                && System.nanoTime() - begun < MAX_DELIVERY_NANOS) {
            delivered = delivery.deliver(batch, offsets);
            batch = batch.rest();
        }
        batch.nextOffsets().forEach(client::seek);
        positions.applied(polled, batch.records());
    }

    private void updateHealth(boolean idle) {
        if (positions.problem() != null) {
            progress.report(positions.problem());
        } else if (idle && !delivery.pauseLeft().isPositive() && membership.hasJoined()) {
            progress.report(membership.problem());
        }
    }
}
