package dev.lockstep.architecture;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaAccess.Predicates.target;
import static com.tngtech.archunit.core.domain.JavaAccess.Predicates.targetOwner;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.assignableTo;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.core.domain.properties.HasName.Predicates.nameMatching;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static dev.lockstep.architecture.AccessPredicates.clockOrRandomness;
import static dev.lockstep.architecture.AccessPredicates.opensClient;
import static dev.lockstep.architecture.AccessPredicates.sql;
import static dev.lockstep.architecture.DependencyRules.dependOnLowerLayersOnly;
import static dev.lockstep.architecture.DependencyRules.dependsOnlyOn;
import static dev.lockstep.architecture.DependencyRules.notTouchAnotherOf;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import io.vertx.ext.web.Router;
import java.util.Arrays;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jspecify.annotations.NullMarked;

/** The dependency rules for all modules. {@link ModulesTest} checks that every module is seen. */
@AnalyzeClasses(packages = "dev.lockstep", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {
    private static final List<String> SERVICES = List.of("order", "inventory", "payment", "saga");
    private static final String MESSAGING = "dev.lockstep.messaging";
    private static final String[] SERVICE_PACKAGES = packages(SERVICES);

    @ArchTest
    static final ArchRule DOMAIN_DEPENDS_ON_THE_JDK_ONLY = classes()
            .that()
            .resideInAPackage("dev.lockstep..domain..")
            .should()
            .onlyDependOnClassesThat(resideInAnyPackage(
                            "dev.lockstep..domain..", "java.lang..", "java.util..", "java.time..", "org.jspecify..")
                    .and(not(resideInAnyPackage("java.util.logging..", "java.util.concurrent.."))))
            .because("a decision must be repeatable: I/O and framework types belong in the shell around it");

    @ArchTest
    static final ArchRule DOMAIN_HAS_NO_CLOCK_AND_NO_RANDOMNESS = noClasses()
            .that()
            .resideInAPackage("dev.lockstep..domain..")
            .should()
            .accessTargetWhere(clockOrRandomness())
            .because("the same state and event must always give the same decision: time and ids are passed in");

    @ArchTest
    static final ArchRule SERVICES_DO_NOT_DEPEND_ON_EACH_OTHER = classes()
            .that()
            .resideInAnyPackage(SERVICE_PACKAGES)
            .should(notTouchAnotherOf(SERVICES))
            .because("services share only the messages in contracts");

    @ArchTest
    static final ArchRule LIBRARIES_DO_NOT_DEPEND_ON_SERVICES = noClasses()
            .that()
            .resideOutsideOfPackages(with(
                    SERVICE_PACKAGES, "dev.lockstep.local..", "dev.lockstep.faults.agent..", "dev.lockstep.bench.."))
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(SERVICE_PACKAGES)
            .because("libraries must not depend on the services that use them");

    @ArchTest
    static final ArchRule ONLY_THE_LAUNCHER_USES_THE_RELAY = noClasses()
            .that()
            .resideOutsideOfPackages("dev.lockstep.relay..", "dev.lockstep.launcher..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("dev.lockstep.relay..")
            .because("services only append to the outbox; the launcher decides whether and how it is relayed");

    @ArchTest
    static final ArchRule ONLY_APPS_USE_THE_LAUNCHER = noClasses()
            .that()
            .resideOutsideOfPackages("dev.lockstep.launcher..", "dev.lockstep.local..")
            .and(are("not part of an *App", javaClass -> !topLevel(javaClass).endsWith("App")))
            .should()
            .dependOnClassesThat()
            .resideInAPackage("dev.lockstep.launcher..")
            .because("a verticle must not depend on how its process is started and stopped");

    @ArchTest
    static final ArchRule ONLY_THE_RELAY_USES_DEBEZIUM = noClasses()
            .that()
            .resideOutsideOfPackage("dev.lockstep.relay..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("io.debezium..", "org.apache.kafka.connect..")
            .because("replacing the embedded relay must affect only one module");

    @ArchTest
    static final ArchRule ONLY_ONE_PACKAGE_USES_OPENTELEMETRY = noClasses()
            .that()
            .resideOutsideOfPackage("dev.lockstep.runtime.tracing..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("io.opentelemetry..")
            .because("while traces are off, no class of the library must be loaded");

    @ArchTest
    static final ArchRule CONSUMERS_AND_PRODUCERS_ARE_NOT_THOSE_OF_VERTX = noClasses()
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("io.vertx.kafka.client.consumer..", "io.vertx.kafka.client.producer..")
            .because("the consumer of Vert.x handles a rebalance too late, as decision 4 shows: use the clients of"
                    + " Kafka");

    @ArchTest
    static final ArchRule MESSAGING_DEPENDS_ON_NO_OTHER_MODULE = dependsOnlyOn(
                    "dev.lockstep.messaging..", "dev.lockstep.messaging..")
            .because("it is a library that other systems can use unchanged");

    // Each package may depend only on the packages after it. The root may depend on all of them.
    private static final List<String> MESSAGING_LAYERS = List.of(
            "consumer",
            "resend",
            "delivery",
            "deadletter",
            "replication",
            "outbox",
            "operator",
            "listing",
            "http",
            "transaction",
            "schedule",
            "sql",
            "tracing",
            "record",
            "failure");

    @ArchTest
    static final ArchRule MESSAGING_HAS_LAYERS = classes()
            .that()
            .resideInAPackage("dev.lockstep.messaging..")
            .should(dependOnLowerLayersOnly(MESSAGING, MESSAGING_LAYERS))
            .because("a package must be understandable without the packages that use it");

    private static final String MESSAGING_API = "(failure|http|tracing)\\.\\w+"
            + "|Messaging(|Settings|Schema)"
            + "|consumer\\.MessageConsumer"
            + "|delivery\\.(ConsumerOptions|LockedRows|MessageCodec|MessageHandler|ReceivedMessage)"
            + "|operator\\.(Operator|OperatorActions)"
            + "|outbox\\.(Outbox|OutboxMessage|ResendRequested)"
            + "|record\\.(PrintableText|TraceContext)"
            + "|replication\\.(ReplicationSlotMonitor|SlotLimits)"
            + "|schedule\\.(Backoff|PeriodicTask)"
            + "|transaction\\.(Bisection|BoundedTransactions)";

    @ArchTest
    static final ArchRule MESSAGING_INTERNALS_STAY_INSIDE = noClasses()
            .that()
            .resideOutsideOfPackage("dev.lockstep.messaging..")
            .should()
            .dependOnClassesThat(are(
                    "internal to messaging",
                    javaClass -> javaClass.getPackageName().startsWith(MESSAGING)
                            && !topLevelName(javaClass)
                                    .substring(MESSAGING.length() + 1)
                                    .matches(MESSAGING_API)))
            .because("types are also public for other packages of messaging; only the API is kept stable");

    @ArchTest
    static final ArchRule THE_RELAY_DEPENDS_ON_NO_OTHER_MODULE = dependsOnlyOn(
                    "dev.lockstep.relay..", "dev.lockstep.relay..")
            .because("it relays outbox rows regardless of which application wrote them");

    @ArchTest
    static final ArchRule CONTRACTS_DEPEND_ON_THE_JDK_ONLY = classes()
            .that()
            .resideInAPackage("dev.lockstep.contracts..")
            .should()
            .onlyDependOnClassesThat()
            .resideInAnyPackage("dev.lockstep.contracts..", "java..", "org.jspecify..")
            .because("consumers of the messages must not need the other libraries");

    @ArchTest
    static final ArchRule THE_RUNTIME_DEPENDS_ON_MESSAGING_ONLY = dependsOnlyOn(
                    "dev.lockstep.runtime..", "dev.lockstep.runtime..", "dev.lockstep.messaging..")
            .because("it runs any service");

    @ArchTest
    static final ArchRule SIGN_IN_DEPENDS_ON_MESSAGING_ONLY = dependsOnlyOn(
                    "dev.lockstep.runtime.auth..", "dev.lockstep.runtime.auth..", "dev.lockstep.messaging..")
            .because("what decides who may call must be understandable without the rest of the runtime");

    @ArchTest
    static final ArchRule SERVICES_ADD_NO_ROUTE_WITHOUT_ACCESS = noClasses()
            .that()
            .resideInAnyPackage(SERVICE_PACKAGES)
            .should()
            .dependOnClassesThat()
            .areAssignableTo(Router.class)
            .because("ServiceRoutes adds a route together with the access that it requires");

    @ArchTest
    static final ArchRule THE_LAUNCHER_DEPENDS_ON_RUNTIME_MESSAGING_AND_RELAY_ONLY = dependsOnlyOn(
                    "dev.lockstep.launcher..",
                    "dev.lockstep.launcher..",
                    "dev.lockstep.runtime..",
                    "dev.lockstep.messaging..",
                    "dev.lockstep.relay..")
            .because("it starts any service");

    // The agent is loaded into the process of a service, where it disables single methods.
    @ArchTest
    static final ArchRule FAULTS_ARE_INJECTED_FROM_OUTSIDE = noClasses()
            .that()
            .resideInAPackage("dev.lockstep.faults..")
            .and()
            .resideOutsideOfPackage("dev.lockstep.faults.agent..")
            .should()
            .dependOnClassesThat(resideInAPackage("dev.lockstep..")
                    .and(not(resideInAnyPackage(
                            "dev.lockstep.faults..", "dev.lockstep.embedded..", "dev.lockstep.messaging.record.."))))
            .because("a fault case must find what a client or an operator would find");

    @ArchTest
    static final ArchRule NOTHING_DEPENDS_ON_THE_BENCHMARKS = noClasses()
            .that()
            .resideOutsideOfPackage("dev.lockstep.bench..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("dev.lockstep.bench..")
            .because("what is measured must not contain code of its measurement");

    @ArchTest
    static final ArchRule THE_AUDIT_DEPENDS_ON_NO_OTHER_MODULE = dependsOnlyOn(
                    "dev.lockstep.audit..", "dev.lockstep.audit..")
            .because("an error in shared code would go unnoticed");

    @ArchTest
    static final ArchRule EMBEDDED_SERVERS_DEPEND_ON_NO_OTHER_MODULE = dependsOnlyOn(
                    "dev.lockstep.embedded..", "dev.lockstep.embedded..")
            .because("the tests of every module use them");

    @ArchTest
    static final ArchRule ONLY_TESTS_AND_LOCAL_STACKS_EMBED_SERVERS = noClasses()
            .that()
            .resideOutsideOfPackages(
                    "dev.lockstep.embedded..",
                    "dev.lockstep.testing..",
                    "dev.lockstep.local..",
                    "dev.lockstep.faults..",
                    "dev.lockstep.bench..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("dev.lockstep.embedded..", "dev.lockstep.testing..", "kafka..")
            .because("in production Postgres and Kafka are separate systems");

    @ArchTest
    static final ArchRule ONLY_APPS_READ_THE_ENVIRONMENT = noClasses()
            .that(are(
                    "neither an *App nor a class that reads it for an App or for tests",
                    javaClass -> !javaClass.getSimpleName().endsWith("App")
                            && !List.of("ServiceLauncher", "LogSetting", "ServiceMain", "ContainerEngine")
                                    .contains(javaClass.getSimpleName())))
            .should()
            .callMethodWhere(target(nameMatching("getenv")).and(targetOwner(assignableTo(System.class))))
            .because("settings are read in one place, validated together and passed on as records");

    // A class whose statements belong to a task instead of one table is named after the task. The classes listed here
    // configure sessions: their SQL names settings, not tables.
    private static final String SESSION_SETUP = "PostgresConfig|PostgresStartup|BoundedReads|WarmUp";

    @ArchTest
    static final ArchRule ONLY_STORES_EXECUTE_SQL = noClasses()
            .that()
            .resideOutsideOfPackages(
                    "dev.lockstep.embedded..",
                    "dev.lockstep.testing..",
                    "dev.lockstep.local..",
                    "dev.lockstep.faults..",
                    "dev.lockstep.bench..")
            .and(are(
                    "not a store",
                    javaClass -> !topLevel(javaClass)
                            .matches(
                                    "\\w*(Store|Audit|Probe|Schema|Maintenance|Queries|Registry)|Outbox|Inbox|OperatorActions|"
                                            + SESSION_SETUP)))
            .should()
            .accessTargetWhere(sql())
            .because("SQL belongs in stores, with one statement per method, so that it can be found and explained");

    @ArchTest
    static final ArchRule ONLY_VERTICLES_OPEN_CLIENTS = noClasses()
            .that()
            .resideInAnyPackage(SERVICE_PACKAGES)
            .and(are(
                    "not part of a *Verticle", javaClass -> !topLevel(javaClass).endsWith("Verticle")))
            .should()
            .accessTargetWhere(opensClient())
            .because("the verticle opens and closes all clients");

    @ArchTest
    static final ArchRule ONLY_MESSAGES_MAP_JSON = noClasses()
            .that()
            .resideInAnyPackage(SERVICE_PACKAGES)
            .and()
            .haveSimpleNameNotEndingWith("Messages")
            .should()
            .dependOnClassesThat()
            .areAssignableTo(ObjectMapper.class)
            .because("JSON is mapped to domain types only at the boundary");

    @ArchTest
    static final ArchRule EVERY_PACKAGE_IS_NULL_MARKED = classes()
            .that()
            .resideInAPackage("dev.lockstep..")
            .should(new ArchCondition<>("be in a package that is @NullMarked") {
                @Override
                public void check(JavaClass javaClass, ConditionEvents events) {
                    boolean marked = javaClass.getPackage().isAnnotatedWith(NullMarked.class);
                    events.add(new SimpleConditionEvent(
                            javaClass,
                            marked,
                            javaClass.getName() + " is in a package without a package-info that is @NullMarked"));
                }
            })
            .because("only then does the compiler check nullness");

    private static DescribedPredicate<JavaClass> are(String description, Predicate<JavaClass> test) {
        return describe(description, test);
    }

    // For a nested or anonymous class, the top-level class that contains it.
    private static String topLevel(JavaClass javaClass) {
        return javaClass.getEnclosingClass().map(ArchitectureTest::topLevel).orElseGet(javaClass::getSimpleName);
    }

    private static String topLevelName(JavaClass javaClass) {
        return javaClass.getEnclosingClass().map(ArchitectureTest::topLevelName).orElseGet(javaClass::getName);
    }

    private static String[] packages(List<String> services) {
        return services.stream()
                .map(service -> "dev.lockstep." + service + "..")
                .toArray(String[]::new);
    }

    private static String[] with(String[] packages, String... more) {
        return Stream.of(packages, more).flatMap(Arrays::stream).toArray(String[]::new);
    }
}
