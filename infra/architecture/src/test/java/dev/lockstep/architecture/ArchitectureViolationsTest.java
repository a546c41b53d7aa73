package dev.lockstep.architecture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import dev.lockstep.audit.violations.AuditUsingContracts;
import dev.lockstep.contracts.violations.ContractUsingMessaging;
import dev.lockstep.embedded.violations.EmbeddedUsingContracts;
import dev.lockstep.faults.violations.FaultCaseUsingService;
import dev.lockstep.launcher.violations.LauncherUsingContracts;
import dev.lockstep.messaging.record.violations.RecordThatKnowsDelivery;
import dev.lockstep.messaging.violations.MessagingUsingConnect;
import dev.lockstep.messaging.violations.MessagingUsingContracts;
import dev.lockstep.messaging.violations.MessagingUsingOpenTelemetry;
import dev.lockstep.messaging.violations.MessagingUsingService;
import dev.lockstep.messaging.violations.MessagingUsingVertxConsumer;
import dev.lockstep.order.violations.RelayingApp;
import dev.lockstep.order.violations.ServiceUsingAnotherService;
import dev.lockstep.order.violations.ServiceUsingBenchmark;
import dev.lockstep.order.violations.ServiceUsingEmbeddedServer;
import dev.lockstep.order.violations.ShellAddingRoute;
import dev.lockstep.order.violations.ShellExecutingJdbc;
import dev.lockstep.order.violations.ShellExecutingSql;
import dev.lockstep.order.violations.ShellMappingJson;
import dev.lockstep.order.violations.ShellOpeningConsumer;
import dev.lockstep.order.violations.ShellOpeningHttpServer;
import dev.lockstep.order.violations.ShellOpeningKafkaProducer;
import dev.lockstep.order.violations.ShellOpeningPeers;
import dev.lockstep.order.violations.ShellOpeningPool;
import dev.lockstep.order.violations.ShellOpeningReadPool;
import dev.lockstep.order.violations.ShellOpeningWebClient;
import dev.lockstep.order.violations.ShellReadingEnvironment;
import dev.lockstep.order.violations.ShellThatUsesInternals;
import dev.lockstep.order.violations.ShellUsingLauncher;
import dev.lockstep.order.violations.ShellUsingRelay;
import dev.lockstep.order.violations.domain.DomainUsingClock;
import dev.lockstep.order.violations.domain.DomainUsingRandom;
import dev.lockstep.order.violations.domain.DomainUsingVertx;
import dev.lockstep.relay.violations.RelayUsingMessaging;
import dev.lockstep.runtime.auth.violations.SignInUsingSettings;
import dev.lockstep.runtime.violations.RuntimeUsingContracts;
import dev.lockstep.violations.ClassInUnmarkedPackage;
import java.lang.reflect.Field;
import java.util.Arrays;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Checks that each architecture rule reports a class that violates it. */
@DisplayNameGeneration(ReplaceUnderscores.class)
class ArchitectureViolationsTest {
    static Stream<Arguments> violations() {
        return Stream.of(
                arguments("DOMAIN_DEPENDS_ON_THE_JDK_ONLY", DomainUsingVertx.class),
                arguments("DOMAIN_HAS_NO_CLOCK_AND_NO_RANDOMNESS", DomainUsingClock.class),
                arguments("DOMAIN_HAS_NO_CLOCK_AND_NO_RANDOMNESS", DomainUsingRandom.class),
                arguments("SERVICES_DO_NOT_DEPEND_ON_EACH_OTHER", ServiceUsingAnotherService.class),
                arguments("LIBRARIES_DO_NOT_DEPEND_ON_SERVICES", MessagingUsingService.class),
                arguments("LIBRARIES_DO_NOT_DEPEND_ON_SERVICES", FaultCaseUsingService.class),
                arguments("ONLY_THE_LAUNCHER_USES_THE_RELAY", ShellUsingRelay.class),
                arguments("ONLY_THE_LAUNCHER_USES_THE_RELAY", RelayingApp.class),
                arguments("ONLY_APPS_USE_THE_LAUNCHER", ShellUsingLauncher.class),
                arguments("ONLY_THE_RELAY_USES_DEBEZIUM", MessagingUsingConnect.class),
                arguments("NOTHING_DEPENDS_ON_THE_BENCHMARKS", ServiceUsingBenchmark.class),
                arguments("ONLY_ONE_PACKAGE_USES_OPENTELEMETRY", MessagingUsingOpenTelemetry.class),
                arguments("CONSUMERS_AND_PRODUCERS_ARE_NOT_THOSE_OF_VERTX", MessagingUsingVertxConsumer.class),
                arguments("MESSAGING_DEPENDS_ON_NO_OTHER_MODULE", MessagingUsingContracts.class),
                arguments("MESSAGING_HAS_LAYERS", RecordThatKnowsDelivery.class),
                arguments("MESSAGING_INTERNALS_STAY_INSIDE", ShellThatUsesInternals.class),
                arguments("THE_RELAY_DEPENDS_ON_NO_OTHER_MODULE", RelayUsingMessaging.class),
                arguments("CONTRACTS_DEPEND_ON_THE_JDK_ONLY", ContractUsingMessaging.class),
                arguments("THE_RUNTIME_DEPENDS_ON_MESSAGING_ONLY", RuntimeUsingContracts.class),
                arguments("SIGN_IN_DEPENDS_ON_MESSAGING_ONLY", SignInUsingSettings.class),
                arguments("SERVICES_ADD_NO_ROUTE_WITHOUT_ACCESS", ShellAddingRoute.class),
                arguments("THE_LAUNCHER_DEPENDS_ON_RUNTIME_MESSAGING_AND_RELAY_ONLY", LauncherUsingContracts.class),
                arguments("FAULTS_ARE_INJECTED_FROM_OUTSIDE", FaultCaseUsingService.class),
                arguments("THE_AUDIT_DEPENDS_ON_NO_OTHER_MODULE", AuditUsingContracts.class),
                arguments("EMBEDDED_SERVERS_DEPEND_ON_NO_OTHER_MODULE", EmbeddedUsingContracts.class),
                arguments("ONLY_TESTS_AND_LOCAL_STACKS_EMBED_SERVERS", ServiceUsingEmbeddedServer.class),
                arguments("ONLY_APPS_READ_THE_ENVIRONMENT", ShellReadingEnvironment.class),
                arguments("ONLY_STORES_EXECUTE_SQL", ShellExecutingSql.class),
                arguments("ONLY_STORES_EXECUTE_SQL", ShellExecutingJdbc.class),
                arguments("ONLY_VERTICLES_OPEN_CLIENTS", ShellOpeningPool.class),
                arguments("ONLY_VERTICLES_OPEN_CLIENTS", ShellOpeningReadPool.class),
                arguments("ONLY_VERTICLES_OPEN_CLIENTS", ShellOpeningConsumer.class),
                arguments("ONLY_VERTICLES_OPEN_CLIENTS", ShellOpeningKafkaProducer.class),
                arguments("ONLY_VERTICLES_OPEN_CLIENTS", ShellOpeningPeers.class),
                arguments("ONLY_VERTICLES_OPEN_CLIENTS", ShellOpeningWebClient.class),
                arguments("ONLY_VERTICLES_OPEN_CLIENTS", ShellOpeningHttpServer.class),
                arguments("ONLY_MESSAGES_MAP_JSON", ShellMappingJson.class),
                arguments("EVERY_PACKAGE_IS_NULL_MARKED", ClassInUnmarkedPackage.class));
    }

    @ParameterizedTest
    @MethodSource("violations")
    void a_violation_is_detected(String rule, Class<?> violation) throws ReflectiveOperationException {
        ArchRule checked =
                (ArchRule) ArchitectureTest.class.getDeclaredField(rule).get(null);

        assertThatThrownBy(() -> checked.check(new ClassFileImporter().importClasses(violation)))
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("was violated")
                .hasMessageContaining(violation.getSimpleName());
    }

    @Test
    void every_rule_has_a_violation() {
        Set<String> rules = Arrays.stream(ArchitectureTest.class.getDeclaredFields())
                .filter(field -> field.isAnnotationPresent(ArchTest.class))
                .map(Field::getName)
                .collect(Collectors.toSet());

        assertThat(violations().map(arguments -> arguments.get()[0]).collect(Collectors.toSet()))
                .isEqualTo(rules);
    }
}
