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
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.jspecify.annotations.Nullable;

/** What is woven into a service to switch a protection off. Each class stands for the method that it changes. */
@SuppressWarnings("UnusedVariable") // what an advice assigns to is a variable of the method that it is woven into
public final class DisabledProtections {
    private DisabledProtections() {}

    /** Called from the code that is woven in, so it is public. */
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

    /** Called from the code that is woven in. */
    public static FailureKind withoutIsolation(FailureKind kind) {
        return kind == FailureKind.TRANSIENT ? FailureKind.UNAVAILABLE : kind;
    }

    /** Called from the code that is woven in. */
    public static Future<Object> failedDeadLetter() {
        return Future.failedFuture(new IOException("dead letters are switched off"));
    }

    /** Called from the code that is woven in. */
    public static Future<?> emptyLookup(Future<?> found) {
        return found.map(something -> something instanceof Map ? Map.of() : List.of());
    }

    /** Called from the code that is woven in. */
    public static Future<?> emptyResend(String method) {
        return Future.succeededFuture(method.equals("resend") ? Set.of() : Optional.empty());
    }

    /** {@code Pool.withTransaction(work)}: each statement is a transaction. */
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

    /** {@code BoundedTransactions.inTransaction(connection, limits, work, commits)}: each statement is a transaction. */
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

    /** {@code FailureClassifier.classify(failure)}: a locked row counts as a database that is away. */
    static final class LocksAreOutages {
        private LocksAreOutages() {}

        @Advice.OnMethodExit
        static void exit(@Advice.Return(readOnly = false) FailureKind kind) {
            kind = DisabledProtections.withoutIsolation(kind);
        }
    }

    /** A lock of rows that finds none. */
    static final class EmptyLookup {
        private EmptyLookup() {}

        @Advice.OnMethodExit
        static void exit(@Advice.Return(readOnly = false) Future<?> result) {
            result = DisabledProtections.emptyLookup(result);
        }
    }

    /** {@code PollLoop.apply(consumer, records, offsets)}: what was polled is committed at once. */
    static final class CommitBeforeProcessing {
        private CommitBeforeProcessing() {}

        @Advice.OnMethodEnter
        static void enter(@Advice.Argument(0) KafkaConsumer<byte[], byte[]> consumer) {
            consumer.commitSync();
        }
    }

    /** A method that does nothing. */
    static final class SkippedMethod {
        private SkippedMethod() {}

        @Advice.OnMethodEnter(skipOn = Advice.OnNonDefaultValue.class)
        static boolean enter() {
            return true;
        }
    }

    /** {@code DeadLetterStore.add(tx, letters)}: nowhere to put them. */
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

    /** {@code ConsumerOptions.client()}. */
    static final class ReadUncommitted {
        private ReadUncommitted() {}

        @Advice.OnMethodExit
        static void exit(@Advice.Return Properties client) {
            client.put("isolation.level", "read_uncommitted");
        }
    }

    /** {@code ConsumerOptions.client()}. */
    static final class DefaultMetadataAge {
        private DefaultMetadataAge() {}

        @Advice.OnMethodExit
        static void exit(@Advice.Return Properties client) {
            client.put("metadata.max.age.ms", "300000");
        }
    }

    /** {@code ResendStore.resend(tx, ids)} and {@code createForLostRange(...)}: there is nothing to send. */
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

    /** {@code OrderSaga.decide(state, event)}: what came too late is not undone. Sagas that end otherwise do undo what they did. */
    static final class NoLateCompensation {
        private NoLateCompensation() {}

        @Advice.OnMethodExit
        static void exit(@Advice.Return(readOnly = false) Decision decision) {
            decision = DisabledProtections.withoutCompensation(decision);
        }
    }
}
