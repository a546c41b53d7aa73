package dev.lockstep.relay;

import java.util.Map;
import java.util.Set;

/** Finds out whether Kafka can take records of a topic at all. */
@FunctionalInterface
interface TopicProbe {
    /** What was found out about a topic. */
    enum State {
        /** Nothing speaks against it. */
        USABLE,
        /** There is no such topic. */
        MISSING,
        /** It is not for this client, or has an impossible name. */
        REFUSED,
        /** It is there, but records sent to it now have to wait, as a partition has no leader or too few replicas. May pass in a moment. */
        UNAVAILABLE,
        /** Kafka did not answer. */
        UNKNOWN
    }

    /**
     * @param reason says why, for a topic that is missing, refused or waiting
     */
    record Finding(State state, String reason) {
        static final Finding USABLE = new Finding(State.USABLE, "");
        static final Finding UNKNOWN = new Finding(State.UNKNOWN, "");
    }

    /** Asks Kafka. Blocks for two seconds at most. Has a finding for each of the topics. */
    Map<String, Finding> check(Set<String> topics) throws InterruptedException;

    /** As {@link #check}, for one topic. */
    default Finding check(String topic) throws InterruptedException {
        return check(Set.of(topic)).getOrDefault(topic, Finding.UNKNOWN);
    }
}
