package dev.lockstep.audit;

import org.jspecify.annotations.Nullable;

/** Checks that the messages of a key are on Kafka in commit order, in one partition, and that their sequence numbers have no gaps. */
final class KeyOrderCheck {
    private final boolean partitionsAdded;
    private final CheckResult order;
    private final CheckResult gaps;

    /** @param partitionsAdded whether a key's messages may be in several partitions, across which no order is defined */
    KeyOrderCheck(boolean partitionsAdded, CheckResult order, CheckResult gaps) {
        this.partitionsAdded = partitionsAdded;
        this.order = order;
        this.gaps = gaps;
    }

    /** @param positions the rows of each key in commit order */
    void examine(SortedStream<KeyPosition> positions) {
        KeyPosition before = null;
        while (positions.hasNext()) {
            KeyPosition now = positions.next();
            boolean sameKey = before != null
                    && before.topic().equals(now.topic())
                    && before.key().equals(now.key());
            if (!sameKey) {
                order.count("keys");
            }
            order.count("messages");
            checkSequence(now);
            if (sameKey) {
                checkOrder(before, now);
            }
            before = now;
        }
    }

    private void checkOrder(@Nullable KeyPosition before, KeyPosition now) {
        if (before == null) {
            return;
        }
        if (before.partition() != now.partition() && partitionsAdded) {
            order.count("moved to another partition");
        } else if (before.partition() != now.partition()) {
            order.addFinding(
                    now.key(),
                    "all messages of the key in one partition of " + now.topic(),
                    before.id() + " at " + before.position() + " and " + now.id() + " at " + now.position(),
                    look(now));
        } else if (now.offset() < before.offset()) {
            order.addFinding(
                    now.key(),
                    before.id() + " before " + now.id() + ", in commit order",
                    before.id() + " at " + before.position() + ", " + now.id() + " at " + now.position(),
                    look(now));
        }
        if (before.sequence() >= 0 && !now.id().equals(before.id()) && now.sequence() != before.sequence() + 1) {
            gaps.addFinding(
                    now.key(),
                    "sequence number " + (before.sequence() + 1) + " after " + before.id() + " on " + now.topic(),
                    "sequence number " + now.sequence() + ", " + now.id(),
                    look(now));
        }
    }

    private void checkSequence(KeyPosition now) {
        if (now.sequence() < 0) {
            return;
        }
        gaps.count("numbered messages");
        if (now.recordSequence() != now.sequence()) {
            gaps.addFinding(
                    now.key(),
                    "ce_sequence " + now.sequence() + " on the record of row " + now.id(),
                    now.recordSequence() < 0
                            ? "none at " + now.position()
                            : now.recordSequence() + " at " + now.position(),
                    look(now));
        }
    }

    private static String look(KeyPosition position) {
        return "GET /outbox?aggregateId=" + position.key() + " of the service that writes " + position.topic();
    }
}
