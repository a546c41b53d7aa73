package dev.lockstep.faults.agent;

import dev.lockstep.messaging.failure.FailureKind;
import dev.lockstep.saga.domain.CancelReason;
import dev.lockstep.saga.domain.Decision;
import dev.lockstep.saga.domain.SagaCommand.RefundPayment;
import dev.lockstep.saga.domain.SagaCommand.ReleaseStock;
import dev.lockstep.saga.domain.SagaState.Aborting;
import io.vertx.core.Future;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.SqlConnection;
import java.io.IOException;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import java.util.function.Function;
import net.bytebuddy.asm.Advice;
import org.apache.kafka.clients.consumer.Consumer;
import org.jspecify.annotations.Nullable;

/** Byte Buddy advice that disables protections of a service. Each class replaces or changes the method that its Javadoc names. */
@SuppressWarnings("UnusedVariable") // an advice parameter that is assigned to is the instrumented method's variable
public final class DisabledProtections {
    private DisabledProtections() {}

    /** Public because instrumented code calls it. */
    public static Decision withoutCompensation(Decision decision) {
        return decision.state() instanceof Aborting given && given.reason() == CancelReason.TIMED_OUT
                ? new Decision(
                        decision.state(),
                        decision.commands().stream()
                                .filter(command ->
                                        !(command instanceof ReleaseStock || command instanceof RefundPayment))
                                .toList(),
                        decision.deadline())
                : decision;
    }

    /** Called from instrumented code. */
    public static FailureKind withoutIsolation(FailureKind kind) {
        return kind == FailureKind.TRANSIENT ? FailureKind.UNAVAILABLE : kind;
    }

    /** Called from instrumented code. */
    public static Future<Object> failedDeadLetter() {
        return Future.failedFuture(new IOException("dead letters are disabled"));
    }

    /** Called from instrumented code. */
    public static Future<?> emptyLookup(Future<?> found) {
        return found.map(something -> something instanceof Map ? Map.of() : List.of());
    }

    /** Called from instrumented code. */
    public static Future<?> emptyResend(String method) {
        return Future.succeededFuture(method.equals("resend") ? Set.of() : Optional.empty());
    }

    /** {@code Pool.withTransaction(work)}: each statement is a transaction of its own. */
    static final class NoTransaction {
        private NoTransaction() {}

        @Advice.OnMethodEnter(skipOn = Advice.OnNonDefaultValue.class)
        static Object enter(@Advice.This Pool pool, @Advice.Argument(0) Function<SqlConnection, Future<Object>> work) {
            return pool.withConnection(work);
        }

        @Advice.OnMethodExit
        static void exit(@Advice.Enter Object instead, @Advice.Return(readOnly = false) Future<?> result) {
            result = (Future<?>) instead;
        }
    }

    /** {@code BoundedTransactions.inTransaction(connection, limits, work, commits)}: each statement is a transaction of its own. */
    static final class NoBoundedTransaction {
        private NoBoundedTransaction() {}

        @Advice.OnMethodEnter(skipOn = Advice.OnNonDefaultValue.class)
        static Object enter(
                @Advice.Argument(0) SqlConnection connection,
                @Advice.Argument(2) Function<SqlConnection, Future<Object>> work) {
            return work.apply(connection);
        }

        @Advice.OnMethodExit
        static void exit(@Advice.Enter Object instead, @Advice.Return(readOnly = false) Future<?> result) {
            result = (Future<?>) instead;
        }
    }

    /** {@code FailureClassifier.classify(failure)}: a locked row is classified as an unavailable database. */
    static final class LocksAreOutages {
        private LocksAreOutages() {}

        @Advice.OnMethodExit
        static void exit(@Advice.Return(readOnly = false) FailureKind kind) {
            kind = DisabledProtections.withoutIsolation(kind);
        }
    }

    /** {@code PaymentStore.lock(...)}: finds no rows. */
    static final class EmptyLookup {
        private EmptyLookup() {}

        @Advice.OnMethodExit
        static void exit(@Advice.Return(readOnly = false) Future<?> result) {
            result = DisabledProtections.emptyLookup(result);
        }
    }

    /** {@code PollLoop.deliver(polled, ending)}: the offsets of polled records are committed before they are processed. */
    static final class CommitBeforeProcessing {
        private CommitBeforeProcessing() {}

        @Advice.OnMethodEnter
        static void enter(@Advice.FieldValue("client") Consumer<byte[], byte[]> client) {
            client.commitSync();
        }
    }

    /** Any method that returns nothing or a primitive: does nothing, and returns zero or false. */
    static final class SkippedMethod {
        private SkippedMethod() {}

        @Advice.OnMethodEnter(skipOn = Advice.OnNonDefaultValue.class)
        static boolean enter() {
            return true;
        }
    }

    /** {@code DeadLetterStore.add(tx, letters)}: dead letters cannot be stored. */
    static final class NoDeadLetters {
        private NoDeadLetters() {}

        @Advice.OnMethodEnter(skipOn = Advice.OnNonDefaultValue.class)
        static @Nullable Future<?> enter(@Advice.Argument(1) Collection<?> letters) {
            return letters.isEmpty() ? null : DisabledProtections.failedDeadLetter();
        }

        @Advice.OnMethodExit
        static void exit(@Advice.Enter @Nullable Future<?> instead, @Advice.Return(readOnly = false) Future<?> result) {
            if (instead != null) {
                result = instead;
            }
        }
    }

    /** {@code ConsumerOptions.kafkaProperties()}: also reads records of open and aborted transactions. */
    static final class ReadUncommitted {
        private ReadUncommitted() {}

        @Advice.OnMethodExit
        static void exit(@Advice.Return Properties client) {
            client.put("isolation.level", "read_uncommitted");
        }
    }

    /** {@code ConsumerOptions.kafkaProperties()}: refreshes metadata every five minutes, Kafka's default. */
    static final class DefaultMetadataAge {
        private DefaultMetadataAge() {}

        @Advice.OnMethodExit
        static void exit(@Advice.Return Properties client) {
            client.put("metadata.max.age.ms", "300000");
        }
    }

    /** {@code ResendStore.resend(tx, ids)} and {@code createForLostRange(...)}: find nothing to send. */
    static final class NoResend {
        private NoResend() {}

        @Advice.OnMethodEnter(skipOn = Advice.OnNonDefaultValue.class)
        static Future<?> enter(@Advice.Origin("#m") String method) {
            return DisabledProtections.emptyResend(method);
        }

        @Advice.OnMethodExit
        static void exit(@Advice.Enter Future<?> instead, @Advice.Return(readOnly = false) Future<?> result) {
            result = instead;
        }
    }

    /**
     * {@code OrderSaga.decide(state, event)}: a late success is not compensated. Sagas that are cancelled for other reasons still
     * compensate.
     */
    static final class NoLateCompensation {
        private NoLateCompensation() {}

        @Advice.OnMethodExit
        static void exit(@Advice.Return(readOnly = false) Decision decision) {
            decision = DisabledProtections.withoutCompensation(decision);
        }
    }
}
