package dev.lockstep.faults.agent;

import static net.bytebuddy.matcher.ElementMatchers.isAbstract;
import static net.bytebuddy.matcher.ElementMatchers.nameMatches;
import static net.bytebuddy.matcher.ElementMatchers.namedOneOf;
import static net.bytebuddy.matcher.ElementMatchers.not;
import static net.bytebuddy.matcher.ElementMatchers.takesArguments;

import java.lang.instrument.Instrumentation;
import java.util.List;
import java.util.stream.Stream;
import net.bytebuddy.agent.builder.AgentBuilder;
import net.bytebuddy.asm.Advice;
import net.bytebuddy.description.method.MethodDescription;
import net.bytebuddy.dynamic.ClassFileLocator;
import net.bytebuddy.dynamic.DynamicType;
import net.bytebuddy.matcher.ElementMatcher;
import net.bytebuddy.pool.TypePool;
import net.bytebuddy.utility.JavaModule;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;

/**
 * Advice that is added to methods of classes.
 *
 * @param methodPattern a regular expression for method names
 * @param argumentCount the number of parameters of the methods, or -1 for any
 */
record MethodInstrumentation(Class<?> advice, List<String> classes, String methodPattern, int argumentCount) {
    private static final String MESSAGING = "dev.lockstep.messaging.";
    private static final String RELAY = "dev.lockstep.relay.";
    private static final MethodInstrumentation SKIP_RECONCILIATION = new MethodInstrumentation(
            DisabledProtections.SkippedMethod.class, List.of(RELAY + "SnapshotDiffStore"), "read", -1);

    MethodInstrumentation {
        classes = List.copyOf(classes);
    }

    static MethodInstrumentation of(CrashPoint point) {
        Class<?> advice = switch (point.timing()) {
            case BEFORE -> Crash.Before.class;
            case AFTER -> Crash.After.class;
            case ON_SUCCESS -> Crash.OnSuccess.class;
        };
        return new MethodInstrumentation(advice, point.classes(), point.methodPattern(), -1);
    }

    /** Returns the instrumentation that disables the protection. Empty if the protection is not disabled inside a service. */
    static List<MethodInstrumentation> disabling(Protection protection) {
        return switch (protection) {
            case TRANSACTION ->
                List.of(
                        new MethodInstrumentation(
                                DisabledProtections.NoTransaction.class,
                                List.of("io.vertx.sqlclient.Pool"),
                                "withTransaction",
                                1),
                        new MethodInstrumentation(
                                DisabledProtections.NoBoundedTransaction.class,
                                List.of(MESSAGING + "transaction.BoundedTransactions"),
                                "inTransaction",
                                4));
            case REPEATS ->
                List.of(new MethodInstrumentation(
                        DisabledProtections.EmptyLookup.class,
                        List.of("dev.lockstep.payment.PaymentStore"),
                        "lock",
                        -1));
            case OFFSETS ->
                List.of(new MethodInstrumentation(
                        DisabledProtections.CommitBeforeProcessing.class,
                        List.of(MESSAGING + "consumer.PollLoop"),
                        "deliver",
                        2));
            case ACKNOWLEDGEMENT ->
                List.of(
                        new MethodInstrumentation(
                                DisabledProtections.SkippedMethod.class,
                                List.of(RELAY + "KafkaSender"),
                                "awaitAckOrRefusal",
                                1),
                        SKIP_RECONCILIATION);
            case RECOVERY -> List.of(SKIP_RECONCILIATION);
            case HELD_ROWS ->
                List.of(new MethodInstrumentation(
                        DisabledProtections.SkippedMethod.class, List.of(RELAY + "HeldRows"), "hold", 1));
            case CLOCK ->
                List.of(new MethodInstrumentation(
                        DisabledProtections.SkippedMethod.class,
                        List.of(MESSAGING + "consumer.ClockSetBackDetector", RELAY + "ClockSetBackDetector"),
                        "wasSetBack",
                        0));
            case DEAD_LETTERS ->
                List.of(new MethodInstrumentation(
                        DisabledProtections.NoDeadLetters.class,
                        List.of(MESSAGING + "deadletter.DeadLetterStore"),
                        "add",
                        2));
            case READ_COMMITTED ->
                List.of(new MethodInstrumentation(
                        DisabledProtections.ReadUncommitted.class,
                        List.of(MESSAGING + "delivery.ConsumerOptions"),
                        "kafkaProperties",
                        0));
            case NEW_PARTITIONS ->
                List.of(new MethodInstrumentation(
                        DisabledProtections.DefaultMetadataAge.class,
                        List.of(MESSAGING + "delivery.ConsumerOptions"),
                        "kafkaProperties",
                        0));
            case LOST_RANGES ->
                List.of(new MethodInstrumentation(
                        DisabledProtections.NoResend.class,
                        List.of(MESSAGING + "resend.ResendStore"),
                        "resend|createForLostRange",
                        -1));
            case UNDO ->
                List.of(new MethodInstrumentation(
                        DisabledProtections.NoLateCompensation.class,
                        List.of("dev.lockstep.saga.domain.OrderSaga"),
                        "decide",
                        2));
            case SESSIONS ->
                List.of(new MethodInstrumentation(
                        DisabledProtections.SkippedMethod.class,
                        List.of("dev.lockstep.runtime.SessionPool"),
                        "failed",
                        2));
            case ISOLATION ->
                List.of(new MethodInstrumentation(
                        DisabledProtections.LocksAreOutages.class,
                        List.of(MESSAGING + "failure.FailureClassifier"),
                        "classify",
                        1));
            case IDEMPOTENCY_KEY -> List.of();
        };
    }

    /** Adds the advice to classes when they are loaded. */
    static void install(Instrumentation instrumentation, Stream<MethodInstrumentation> weavings) {
        install(instrumentation, AgentBuilder.RedefinitionStrategy.DISABLED, weavings);
    }

    /** Adds the advice to classes that are loaded, too. In a method that already has advice, the new advice runs first. */
    static void installInLoadedClasses(Instrumentation instrumentation, Stream<MethodInstrumentation> weavings) {
        install(instrumentation, AgentBuilder.RedefinitionStrategy.RETRANSFORMATION, weavings);
    }

    private static void install(
            Instrumentation instrumentation,
            AgentBuilder.RedefinitionStrategy loadedClasses,
            Stream<MethodInstrumentation> weavings) {
        AgentBuilder builder = new AgentBuilder.Default()
                .disableClassFormatChanges()
                .with(loadedClasses)
                .with(new HaltOnError());
        for (MethodInstrumentation weaving : weavings.toList()) {
            builder = builder.type(namedOneOf(weaving.classes().toArray(String[]::new)))
                    .transform((type, description, loader, module, domain) -> weaving.applyTo(type));
        }
        builder.installOn(instrumentation);
    }

    /** Returns the class with the advice in its methods. */
    <T> DynamicType.Builder<T> applyTo(DynamicType.Builder<T> type) {
        // The advice is described, not loaded, because it may refer to the class that is being defined.
        return type.visit(Advice.to(
                        TypePool.Default.ofSystemLoader()
                                .describe(advice.getName())
                                .resolve(),
                        ClassFileLocator.ForClassLoader.ofSystemLoader())
                .on(matcher()));
    }

    ElementMatcher.Junction<MethodDescription> matcher() {
        ElementMatcher.Junction<MethodDescription> named =
                nameMatches(methodPattern).<MethodDescription>and(not(isAbstract()));
        return argumentCount < 0 ? named : named.and(takesArguments(argumentCount));
    }

    /** Halts the JVM if instrumentation fails. Otherwise a case would pass because its fault was never active. */
    private static final class HaltOnError extends AgentBuilder.Listener.Adapter {
        @Override
        public void onError(
                String typeName,
                @Nullable ClassLoader loader,
                @Nullable JavaModule module,
                boolean loaded,
                Throwable failure) {
            LoggerFactory.getLogger(MethodInstrumentation.class)
                    .atError()
                    .setCause(failure)
                    .addKeyValue("type", typeName)
                    .log("cannot instrument the class");
            Runtime.getRuntime().halt(3);
        }
    }
}
