package dev.lockstep.faults.inside;

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
 * Code that is put into methods of classes before they are loaded.
 *
 * @param methods a pattern of names
 * @param arguments how many the methods take, or -1 if that does not matter
 */
record Weaving(Class<?> advice, List<String> classes, String methods, int arguments) {
    private static final String MESSAGING = "dev.lockstep.messaging.";
    private static final String RELAY = "dev.lockstep.relay.";
    private static final Weaving WITHOUT_COMPARISON =
            new Weaving(Switches.Skipped.class, List.of(RELAY + "IntervalStore"), "read", -1);

    Weaving {
        classes = List.copyOf(classes);
    }

    static Weaving of(CrashPoint point) {
        Class<?> advice = switch (point.moment()) {
            case BEFORE -> Crash.Before.class;
            case AFTER -> Crash.After.class;
            case DONE -> Crash.Done.class;
        };
        return new Weaving(advice, point.classes(), point.methods(), -1);
    }

    /** What takes the protection away. Empty where that is not done in a service. */
    static List<Weaving> without(Protection protection) {
        return switch (protection) {
            case TRANSACTION ->
                List.of(
                        new Weaving(
                                Switches.NoTransaction.class, List.of("io.vertx.sqlclient.Pool"), "withTransaction", 1),
                        new Weaving(
                                Switches.NoBoundedTransaction.class,
                                List.of(MESSAGING + "transaction.BoundedTransactions"),
                                "inTransaction",
                                4));
            case REPEATS ->
                List.of(new Weaving(
                        Switches.NothingKnown.class, List.of("dev.lockstep.payment.PaymentStore"), "lock", -1));
            case OFFSETS ->
                List.of(new Weaving(Switches.OffsetsFirst.class, List.of(MESSAGING + "consumer.PollLoop"), "apply", 3));
            case ACKNOWLEDGEMENT ->
                List.of(
                        new Weaving(Switches.Skipped.class, List.of(RELAY + "KafkaSender"), "awaitPatiently", 1),
                        WITHOUT_COMPARISON);
            case RECOVERY -> List.of(WITHOUT_COMPARISON);
            case HELD_ROWS -> List.of(new Weaving(Switches.Skipped.class, List.of(RELAY + "HeldRows"), "hold", 1));
            case CLOCK ->
                List.of(
                        new Weaving(
                                Switches.Skipped.class, List.of(MESSAGING + "consumer.PollLoop"), "renewIfSetBack", 0),
                        new Weaving(Switches.Skipped.class, List.of(RELAY + "Watchdog"), "isSetBack", 0));
            case DEAD_LETTERS ->
                List.of(new Weaving(
                        Switches.NoDeadLetters.class, List.of(MESSAGING + "deadletter.DeadLetterStore"), "add", 2));
            case READ_COMMITTED ->
                List.of(new Weaving(
                        Switches.ReadUncommitted.class, List.of(MESSAGING + "delivery.ConsumerOptions"), "client", 0));
            case NEW_PARTITIONS ->
                List.of(new Weaving(
                        Switches.OldMetadata.class, List.of(MESSAGING + "delivery.ConsumerOptions"), "client", 0));
            case LOST_RANGES ->
                List.of(new Weaving(
                        Switches.NothingSentAgain.class,
                        List.of(MESSAGING + "resend.ResendStore"),
                        "resend|createForLostRange",
                        -1));
            case UNDO ->
                List.of(new Weaving(
                        Switches.NothingLateUndone.class, List.of("dev.lockstep.saga.domain.OrderSaga"), "decide", 2));
            case SESSIONS ->
                List.of(new Weaving(Switches.Skipped.class, List.of("dev.lockstep.runtime.SessionPool"), "failed", 2));
            case ISOLATION ->
                List.of(new Weaving(
                        Switches.LocksAreOutages.class,
                        List.of(MESSAGING + "failure.FailureClassifier"),
                        "classify",
                        1));
            case IDEMPOTENCY_KEY -> List.of();
        };
    }

    static void install(Instrumentation instrumentation, Stream<Weaving> weavings) {
        AgentBuilder builder =
                new AgentBuilder.Default().disableClassFormatChanges().with(new EndOfTheJvm());
        for (Weaving weaving : weavings.toList()) {
            builder = builder.type(namedOneOf(weaving.classes().toArray(String[]::new)))
                    .transform((type, description, loader, module, domain) -> weaving.into(type));
        }
        builder.installOn(instrumentation);
    }

    /** The class with the code in its methods. */
    <T> DynamicType.Builder<T> into(DynamicType.Builder<T> type) {
        // Described, not loaded: an advice may mention the very class that is about to be defined.
        return type.visit(Advice.to(
                        TypePool.Default.ofSystemLoader()
                                .describe(advice.getName())
                                .resolve(),
                        ClassFileLocator.ForClassLoader.ofSystemLoader())
                .on(matcher()));
    }

    ElementMatcher.Junction<MethodDescription> matcher() {
        ElementMatcher.Junction<MethodDescription> named =
                nameMatches(methods).<MethodDescription>and(not(isAbstract()));
        return arguments < 0 ? named : named.and(takesArguments(arguments));
    }

    /** A service that runs without what was to be woven in would only seem to have withstood it. */
    private static final class EndOfTheJvm extends AgentBuilder.Listener.Adapter {
        @Override
        public void onError(
                String typeName,
                @Nullable ClassLoader loader,
                @Nullable JavaModule module,
                boolean loaded,
                Throwable failure) {
            LoggerFactory.getLogger(Weaving.class)
                    .atError()
                    .setCause(failure)
                    .addKeyValue("type", typeName)
                    .log("nothing could be woven in");
            Runtime.getRuntime().halt(3);
        }
    }
}
