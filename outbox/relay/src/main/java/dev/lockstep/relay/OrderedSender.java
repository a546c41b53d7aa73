package dev.lockstep.relay;

import dev.lockstep.relay.KafkaSender.ProducerHandle;
import dev.lockstep.relay.KafkaSender.SentRecord;
import dev.lockstep.relay.Refusal.Scope;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;

/**
 * Sends a batch of records so that, of each topic and key, none reaches Kafka unless those before it have, whatever Kafka refuses.
 *
 * <pre>
 *  all at once ──all acknowledged──▶ done
 *      ╰──one is refused──▶ the producer is given up ──▶ in waves: one record of each {@link OrderingKey} at a time
 * </pre>
 *
 * In a wave nothing is behind a record that could overtake it, so a refusal costs no producer.
 */
final class OrderedSender {
    // A record that is never at fault itself, in waves of one record a lane, is alone with the faulty one soon.
    private static final int MAX_COLLATERAL_FAILURES = 10;

    private final KafkaSender sender;

    OrderedSender(KafkaSender sender) {
        this.sender = sender;
    }

    /**
     * Returns when each record is acknowledged or refused, which it then knows itself. Refused counts, too, what comes after a refused one of
     * its topic and key.
     *
     * @param inWaves says of a topic that some of its records are likely to be refused
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
        ProducerHandle session = sender.currentProducer();
        List<SentRecord> sent = new ArrayList<>(batch.size());
        for (OutgoingRecord each : batch) {
            if (each.isOpen() && !refused.refuseIfBlocked(each) && !inWaves.test(each.topic())) {
                SentRecord handedOver = sender.send(session, each, true);
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
        ProducerHandle session = sender.currentProducer();
        Set<OrderingKey> lanes = new HashSet<>();
        List<SentRecord> sent = new ArrayList<>(open.size());
        for (OutgoingRecord each : open) {
            if (!refused.refuseIfBlocked(each) && lanes.add(each.orderingKey())) {
                SentRecord handedOver = sender.send(session, each, false);
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

    /** What was refused in this batch, so that nothing behind it is sent. */
    private static final class RefusedRecords {
        private final Set<String> topics = new HashSet<>();
        private final Set<OrderingKey> orderingKeys = new HashSet<>();

        /** Notes it at once if the record did not even get on its way. */
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
