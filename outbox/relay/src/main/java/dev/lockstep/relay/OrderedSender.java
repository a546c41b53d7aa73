package dev.lockstep.relay;

import dev.lockstep.relay.KafkaSender.SentRecord;
import dev.lockstep.relay.Refusal.Scope;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;

/**
 * Sends a batch so that a record reaches Kafka only after all earlier records of its topic and key, even if Kafka refuses some of them.
 *
 * <pre>
 *  all at once ──all acknowledged──▶ done
 *      ╰──one is refused──▶ its producer is closed ──▶ in waves: one record of each {@link OrderingKey} at a time
 * </pre>
 *
 * <p>In a wave no record of the same key is in flight behind another one, so the producer stays open when a record is refused.
 */
final class OrderedSender {
    // The producer drops a whole batch because of one record. Waves hold one record of each key, so other records soon
    // no longer share a batch with that record. A record that fails more often than this is itself the cause.
    private static final int MAX_COLLATERAL_FAILURES = 10;

    private final KafkaSender sender;

    OrderedSender(KafkaSender sender) {
        this.sender = sender;
    }

    /**
     * Returns when every record is acknowledged or refused; the record holds its result. Records behind a refused one of their topic and
     * key count as refused, too.
     *
     * @param inWaves whether some records of the given topic are likely to be refused; these are sent in waves from the beginning
     * @throws RelayException if nothing can be sent at all, or the sender is being closed
     */
    void send(List<OutgoingRecord> batch, Predicate<String> inWaves) throws InterruptedException {
        RefusedRecords refused = new RefusedRecords();
        sendAtOnce(batch, inWaves, refused);
        List<OutgoingRecord> open = open(batch);
        while (!open.isEmpty()) {
            sendOnePerKey(open, refused);
            open = open(open);
        }
    }

    private void sendAtOnce(List<OutgoingRecord> batch, Predicate<String> inWaves, RefusedRecords refused)
            throws InterruptedException {
        ProducerHandle producer = sender.currentProducer();
        List<SentRecord> sent = new ArrayList<>(batch.size());
        for (OutgoingRecord each : batch) {
            if (each.isOpen() && !refused.refuseIfBlocked(each) && !inWaves.test(each.topic())) {
                SentRecord handedOver = sender.send(producer, each, true);
                if (isProducerClosed(handedOver)) {
                    break;
                }
                sent.add(handedOver);
                refused.addIfRefused(handedOver);
            }
        }
        awaitAcks(sent, refused);
    }

    private void sendOnePerKey(List<OutgoingRecord> open, RefusedRecords refused) throws InterruptedException {
        ProducerHandle producer = sender.currentProducer();
        Set<OrderingKey> keys = new HashSet<>();
        List<SentRecord> sent = new ArrayList<>(open.size());
        for (OutgoingRecord each : open) {
            if (!refused.refuseIfBlocked(each) && keys.add(each.orderingKey())) {
                SentRecord handedOver = sender.send(producer, each, false);
                if (isProducerClosed(handedOver)) {
                    break;
                }
                sent.add(handedOver);
                refused.addIfRefused(handedOver);
            }
        }
        awaitAcks(sent, refused);
    }

    private void awaitAcks(List<SentRecord> all, RefusedRecords refused) throws InterruptedException {
        for (SentRecord sent : all) {
            OutgoingRecord each = sent.outgoing();
            Refusal refusal = sender.awaitAck(sent);
            if (refusal == null) {
                each.markAcknowledged();
            } else if (!refusal.isOf(Scope.NONE)) {
                refused.add(each, refusal);
            } else if (!refusal.equals(Refusal.PRODUCER_CLOSED)
                    && each.countCollateralFailure() > MAX_COLLATERAL_FAILURES) {
                throw new RelayException(
                        "outbox %s cannot be sent to topic %s: %s"
                                .formatted(each.description(), each.topic(), refusal.reason()),
                        null);
            }
        }
    }

    private static boolean isProducerClosed(SentRecord sent) {
        return Refusal.PRODUCER_CLOSED.equals(sent.refusal());
    }

    private static List<OutgoingRecord> open(List<OutgoingRecord> batch) {
        return batch.stream().filter(OutgoingRecord::isOpen).toList();
    }

    /** The topics and keys that were refused in this batch, so that no record behind them is sent. */
    private static final class RefusedRecords {
        private final Set<String> topics = new HashSet<>();
        private final Set<OrderingKey> orderingKeys = new HashSet<>();

        /** Adds the record's topic or key if the record was refused before it was sent. */
        void addIfRefused(SentRecord sent) {
            Refusal refusal = sent.refusal();
            if (refusal != null && !refusal.isOf(Scope.NONE)) {
                add(sent.outgoing(), refusal);
            }
        }

        void add(OutgoingRecord each, Refusal refusal) {
            each.markRefused(refusal);
            if (refusal.isOf(Scope.TOPIC)) {
                topics.add(each.topic());
            } else {
                orderingKeys.add(each.orderingKey());
            }
        }

        boolean refuseIfBlocked(OutgoingRecord each) {
            boolean behind = topics.contains(each.topic())
                    || (!orderingKeys.isEmpty() && orderingKeys.contains(each.orderingKey()));
            if (behind) {
                each.markRefused(Refusal.BLOCKED_BY_PREDECESSOR);
            }
            return behind;
        }
    }
}
