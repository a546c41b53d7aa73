package dev.lockstep.relay;

import dev.lockstep.relay.KafkaSender.Sent;
import dev.lockstep.relay.KafkaSender.Session;
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
 *      ╰──one is refused──▶ the producer is given up ──▶ in waves: one record of each {@link Lane} at a time
 * </pre>
 *
 * In a wave nothing is behind a record that could overtake it, so a refusal costs no producer.
 */
final class OrderedSender {
    // A record that is never at fault itself, in waves of one record a lane, is alone with the faulty one soon.
    private static final int MOST_GIVEN_UP = 10;

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
    void send(List<Outgoing> batch, Predicate<String> inWaves) throws InterruptedException {
        Refused refused = new Refused();
        sendAtOnce(batch, inWaves, refused);
        List<Outgoing> open = open(batch);
        while (!open.isEmpty()) {
            sendWave(open, refused);
            open = open(open);
        }
    }

    private void sendAtOnce(List<Outgoing> batch, Predicate<String> inWaves, Refused refused)
            throws InterruptedException {
        Session session = sender.session();
        List<Sent> sent = new ArrayList<>(batch.size());
        for (Outgoing each : batch) {
            if (each.isOpen() && !refused.stopIfBehind(each) && !inWaves.test(each.topic())) {
                Sent handedOver = sender.send(session, each, true);
                if (isGivenUp(handedOver)) {
                    break;
                }
                sent.add(handedOver);
                refused.note(handedOver);
            }
        }
        settle(sent, refused);
    }

    private void sendWave(List<Outgoing> open, Refused refused) throws InterruptedException {
        Session session = sender.session();
        Set<Lane> lanes = new HashSet<>();
        List<Sent> sent = new ArrayList<>(open.size());
        for (Outgoing each : open) {
            if (!refused.stopIfBehind(each) && lanes.add(each.lane())) {
                Sent handedOver = sender.send(session, each, false);
                if (isGivenUp(handedOver)) {
                    break;
                }
                sent.add(handedOver);
                refused.note(handedOver);
            }
        }
        settle(sent, refused);
    }

    private void settle(List<Sent> all, Refused refused) throws InterruptedException {
        for (Sent sent : all) {
            Outgoing each = sent.outgoing();
            Refusal refusal = sender.awaitAck(sent);
            if (refusal == null) {
                each.acknowledged();
            } else if (!refusal.isOf(Scope.NONE)) {
                refused.add(each, refusal);
            } else if (!refusal.equals(Refusal.GIVEN_UP) && each.countGivenUp() > MOST_GIVEN_UP) {
                throw new RelayException(
                        "outbox %s cannot be sent to topic %s: %s"
                                .formatted(each.what(), each.topic(), refusal.reason()),
                        null);
            }
        }
    }

    private static boolean isGivenUp(Sent sent) {
        return Refusal.GIVEN_UP.equals(sent.refusal());
    }

    private static List<Outgoing> open(List<Outgoing> batch) {
        return batch.stream().filter(Outgoing::isOpen).toList();
    }

    /** What was refused in this batch, so that nothing behind it is sent. */
    private static final class Refused {
        private final Set<String> topics = new HashSet<>();
        private final Set<Lane> lanes = new HashSet<>();

        /** Notes it at once if the record did not even get on its way. */
        void note(Sent sent) {
            Refusal refusal = sent.refusal();
            if (refusal != null && !refusal.isOf(Scope.NONE)) {
                add(sent.outgoing(), refusal);
            }
        }

        void add(Outgoing each, Refusal refusal) {
            each.refused(refusal);
            if (refusal.isOf(Scope.TOPIC)) {
                topics.add(each.topic());
            } else {
                lanes.add(each.lane());
            }
        }

        boolean stopIfBehind(Outgoing each) {
            boolean behind = topics.contains(each.topic()) || (!lanes.isEmpty() && lanes.contains(each.lane()));
            if (behind) {
                each.refused(Refusal.BEHIND);
            }
            return behind;
        }
    }
}
