package dev.lockstep.audit;

import java.time.Instant;
import java.util.List;

/** No dead letter is open and no message is parked, unless the audit was told that letters may be. */
final class LettersCheck {
    private final Moment moment;
    private final boolean allowed;
    private final Tally tally;

    /** @param allowed whether open dead letters are counted only */
    LettersCheck(Moment moment, boolean allowed, Tally tally) {
        this.moment = moment;
        this.allowed = allowed;
        this.tally = tally;
    }

    void examine(Party party, Sorted<LettersStore.DeadLetter> open, List<LettersStore.Parked> parked) {
        while (open.hasNext()) {
            LettersStore.DeadLetter letter = open.next();
            tally.count(letter.topic() + " " + letter.reason());
            if (!allowed) {
                tally.broken(
                        letter.key() == null ? "dead letter " + letter.id() : letter.key(),
                        "no open dead letter",
                        letter.reason() + " at " + letter.position() + ": " + letter.error(),
                        party.id() + " GET /dead-letters/" + letter.id());
            }
        }
        for (LettersStore.Parked message : parked) {
            tally.count(message.topic() + " parked");
            if (moment.leavesOpen()) {
                tally.leaveOpen(1);
            } else if (moment.calls(message.since())) {
                tally.broken(
                        message.key() == null ? message.position() : message.key(),
                        "no parked message",
                        "one at %s since %s, tried %d times: %s"
                                .formatted(
                                        message.position(),
                                        Instant.ofEpochMilli(message.since()),
                                        message.attempts(),
                                        message.error()),
                        party.id() + " GET /parked-messages");
            }
        }
    }
}
