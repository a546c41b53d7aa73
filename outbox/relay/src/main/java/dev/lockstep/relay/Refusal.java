package dev.lockstep.relay;

import java.util.Optional;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.ApiException;
import org.apache.kafka.common.errors.AuthenticationException;
import org.apache.kafka.common.errors.ClusterAuthorizationException;
import org.apache.kafka.common.errors.FencedLeaderEpochException;
import org.apache.kafka.common.errors.InvalidPidMappingException;
import org.apache.kafka.common.errors.InvalidProducerEpochException;
import org.apache.kafka.common.errors.InvalidRequiredAcksException;
import org.apache.kafka.common.errors.InvalidTimestampException;
import org.apache.kafka.common.errors.OutOfOrderSequenceException;
import org.apache.kafka.common.errors.PolicyViolationException;
import org.apache.kafka.common.errors.ProducerFencedException;
import org.apache.kafka.common.errors.RecordBatchTooLargeException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.errors.TransactionalIdAuthorizationException;
import org.apache.kafka.common.errors.UnsupportedVersionException;

/**
 * Why a record did not reach Kafka although Kafka is reachable.
 *
 * @param reason Kafka's reason
 */
record Refusal(Scope scope, String reason) {
    /** Which records cannot be sent because of the refusal. */
    enum Scope {
        /** This record and later ones of its topic and key. */
        RECORD,
        /** All records of the topic. */
        TOPIC,
        /** None: the record was dropped together with another one and must be sent again. */
        NONE
    }

    /** The record waits because an earlier one of its topic, or of its topic and key, was refused. */
    static final Refusal BLOCKED_BY_PREDECESSOR =
            new Refusal(Scope.RECORD, "the row waits because an earlier row of its topic or key was refused");

    /** The record was dropped because its producer was closed on account of another record. */
    static final Refusal PRODUCER_CLOSED =
            new Refusal(Scope.NONE, "the record was dropped together with another record");

    /**
     * Returns the refusal for a producer's failure. Empty if the failure concerns all topics alike, such as a refused login: holding back
     * the rows of one topic would not help then.
     */
    static Optional<Refusal> of(Throwable failure) {
        return scope(failure).map(scope -> new Refusal(scope, RelayException.reason(failure)));
    }

    boolean isOf(Scope other) {
        return scope == other;
    }

    private static Optional<Scope> scope(Throwable failure) {
        return switch (failure) {
            case RelayException noRecord -> Optional.of(Scope.RECORD);
            case RecordTooLargeException one -> Optional.of(Scope.RECORD);
            case RecordBatchTooLargeException one -> Optional.of(Scope.RECORD);
            case InvalidTimestampException one -> Optional.of(Scope.RECORD);
            case PolicyViolationException one -> Optional.of(Scope.RECORD);
            case org.apache.kafka.common.InvalidRecordException one -> Optional.of(Scope.RECORD);
            case AuthenticationException all -> Optional.empty();
            case ClusterAuthorizationException all -> Optional.empty();
            case TransactionalIdAuthorizationException all -> Optional.empty();
            case UnsupportedVersionException all -> Optional.empty();
            case InvalidRequiredAcksException all -> Optional.empty();
            // The producer cannot continue in this state.
            case ProducerFencedException all -> Optional.empty();
            case InvalidProducerEpochException all -> Optional.empty();
            case InvalidPidMappingException all -> Optional.empty();
            case OutOfOrderSequenceException all -> Optional.empty();
            case FencedLeaderEpochException all -> Optional.empty();
            case ApiException topic -> Optional.of(Scope.TOPIC);
            // Another record of its batch was refused, or the producer was closed.
            case KafkaException collateral -> Optional.of(Scope.NONE);
            default -> Optional.empty();
        };
    }
}
