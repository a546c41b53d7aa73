package dev.lockstep.audit;

import java.time.Instant;
import java.util.List;

/** Checks that no dead letter is open and no message is parked. The option {@code --allow-dead-letters} permits open dead letters. */
final class DeadLetterCheck {
    private final AuditWindow window;
    private final boolean allowed;
    private final CheckResult result;

    /** @param allowed whether open dead letters are only counted, not reported */
    DeadLetterCheck(AuditWindow window, boolean allowed, CheckResult result) {
        this.window = window;
        this.allowed = allowed;
        this.result = result;
    }

    void examine(
            ServiceRole role,
            SortedStream<DeadLetterStore.DeadLetter> open,
            List<DeadLetterStore.ParkedMessage> parked) {
        while (open.hasNext()) {
            DeadLetterStore.DeadLetter letter = open.next();
            result.count(letter.topic() + " " + letter.reason());
            if (!allowed) {
                result.addFinding(
                        letter.key() == null ? "dead letter " + letter.id() : letter.key(),
                        "no open dead letter",
                        letter.reason() + " at " + letter.position() + ": " + letter.error(),
                        role.id() + " GET /dead-letters/" + letter.id());
            }
        }
        for (DeadLetterStore.ParkedMessage message : parked) {
            result.count(message.topic() + " parked");
            if (window.leavesUndecided()) {
                result.addUndecided(1);
            } else if (window.isStuck(message.since())) {
                result.addFinding(
                        message.key() == null ? message.position() : message.key(),
                        "no parked message",
                        "a message at %s, parked since %s after %s: %s"
                                .formatted(
                                        message.position(),
                                        Instant.ofEpochMilli(message.since()),
                                        Count.of(message.attempts(), "attempt"),
                                        message.error()),
                        role.id() + " GET /parked-messages");
            }
        }
    }
}
