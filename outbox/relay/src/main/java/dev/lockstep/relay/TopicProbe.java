package dev.lockstep.relay;

import java.util.Map;
import java.util.Set;

/** Finds out whether Kafka can accept records of a topic. */
@FunctionalInterface
interface TopicProbe {
    /** The state of a topic. */
    enum State {
        /** No problem was found. */
        USABLE,
        /** The topic does not exist. */
        MISSING,
        /** The client is not authorized, or the name is invalid. */
        REFUSED,
        /**
         * The topic exists, but records must wait because a partition has no leader or too few in-sync replicas. Often passes in a moment.
         */
        UNAVAILABLE,
        /** Kafka did not answer. */
        UNKNOWN
    }

    /**
     * The result for one topic.
     *
     * @param reason the cause, for a topic that is missing, refused or unavailable
     */
    record Finding(State state, String reason) {
        static final Finding USABLE = new Finding(State.USABLE, "");
        static final Finding UNKNOWN = new Finding(State.UNKNOWN, "");
    }

    /** Asks Kafka. Each request to Kafka takes two seconds at most. The result contains a finding for each of the topics. */
    Map<String, Finding> check(Set<String> topics) throws InterruptedException;

    /** As {@link #check(Set)}, for one topic. */
    default Finding check(String topic) throws InterruptedException {
        return check(Set.of(topic)).getOrDefault(topic, Finding.UNKNOWN);
    }
}
