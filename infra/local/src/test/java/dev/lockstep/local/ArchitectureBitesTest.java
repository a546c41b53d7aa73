package dev.lockstep.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import dev.lockstep.audit.planted.AuditorThatSharesCode;
import dev.lockstep.contracts.planted.ContractOnALibrary;
import dev.lockstep.embedded.planted.ServerThatKnowsUs;
import dev.lockstep.messaging.planted.LibraryOnConnect;
import dev.lockstep.messaging.planted.LibraryThatKnowsAService;
import dev.lockstep.messaging.planted.MessagingThatKnowsOrders;
import dev.lockstep.messaging.record.planted.RecordThatKnowsDelivery;
import dev.lockstep.order.planted.ServiceOnAnEmbeddedServer;
import dev.lockstep.order.planted.ServiceThatCallsAnother;
import dev.lockstep.order.planted.ShellThatMapsJson;
import dev.lockstep.order.planted.ShellThatOpensAClient;
import dev.lockstep.order.planted.ShellThatReadsTheEnvironment;
import dev.lockstep.order.planted.ShellThatRelays;
import dev.lockstep.order.planted.ShellThatSpeaksSql;
import dev.lockstep.order.planted.ShellThatSpeaksSqlToTheDriver;
import dev.lockstep.order.planted.ShellThatUsesInternals;
import dev.lockstep.order.planted.domain.DomainThatTalksToTheOutside;
import dev.lockstep.order.planted.domain.DomainWithAClock;
import dev.lockstep.order.planted.domain.DomainWithDice;
import dev.lockstep.planted.InNoMarkedPackage;
import dev.lockstep.relay.planted.RelayOnMessaging;
import dev.lockstep.runtime.planted.RuntimeThatKnowsMessages;
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

/** A rule that nobody can break is no rule: each one is shown something that breaks it. */
@DisplayNameGeneration(ReplaceUnderscores.class)
class ArchitectureBitesTest {
    static Stream<Arguments> planted() {
        return Stream.of(
                arguments("DOMAIN_DECIDES_AND_NOTHING_ELSE", DomainThatTalksToTheOutside.class),
                arguments("DOMAIN_HAS_NO_CLOCK_AND_NO_DICE", DomainWithAClock.class),
                arguments("DOMAIN_HAS_NO_CLOCK_AND_NO_DICE", DomainWithDice.class),
                arguments("SERVICES_STAND_ALONE", ServiceThatCallsAnother.class),
                arguments("NOBODY_NEEDS_A_SERVICE", LibraryThatKnowsAService.class),
                arguments("ONLY_PROGRAMS_RELAY", ShellThatRelays.class),
                arguments("ONLY_THE_RELAY_KNOWS_DEBEZIUM", LibraryOnConnect.class),
                arguments("MESSAGING_KNOWS_NOTHING_OF_ORDERS", MessagingThatKnowsOrders.class),
                arguments("MESSAGING_HAS_LAYERS", RecordThatKnowsDelivery.class),
                arguments("MESSAGING_INTERNALS_STAY_INSIDE", ShellThatUsesInternals.class),
                arguments("THE_RELAY_STANDS_ALONE", RelayOnMessaging.class),
                arguments("CONTRACTS_DEPEND_ON_NOTHING", ContractOnALibrary.class),
                arguments("THE_RUNTIME_KNOWS_NO_MESSAGES", RuntimeThatKnowsMessages.class),
                arguments("THE_AUDITOR_SHARES_NO_CODE", AuditorThatSharesCode.class),
                arguments("EMBEDDED_SERVERS_KNOW_NOTHING_OF_US", ServerThatKnowsUs.class),
                arguments("ONLY_TESTS_AND_THE_LOCAL_STACK_EMBED_SERVERS", ServiceOnAnEmbeddedServer.class),
                arguments("ONLY_PROGRAMS_READ_THE_ENVIRONMENT", ShellThatReadsTheEnvironment.class),
                arguments("ONLY_STORES_SPEAK_SQL", ShellThatSpeaksSql.class),
                arguments("ONLY_STORES_SPEAK_SQL", ShellThatSpeaksSqlToTheDriver.class),
                arguments("ONLY_VERTICLES_OPEN_CLIENTS", ShellThatOpensAClient.class),
                arguments("ONLY_MESSAGES_MAP_JSON", ShellThatMapsJson.class),
                arguments("EVERY_PACKAGE_IS_NULL_MARKED", InNoMarkedPackage.class));
    }

    @ParameterizedTest
    @MethodSource("planted")
    void a_planted_violation_is_found(String rule, Class<?> violation) throws ReflectiveOperationException {
        ArchRule checked =
                (ArchRule) ArchitectureTest.class.getDeclaredField(rule).get(null);

        assertThatThrownBy(() -> checked.check(new ClassFileImporter().importClasses(violation)))
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("was violated")
                .hasMessageContaining(violation.getSimpleName());
    }

    @Test
    void every_rule_is_shown_one() {
        Set<String> rules = Arrays.stream(ArchitectureTest.class.getDeclaredFields())
                .filter(field -> field.isAnnotationPresent(ArchTest.class))
                .map(Field::getName)
                .collect(Collectors.toSet());

        assertThat(planted().map(arguments -> arguments.get()[0]).collect(Collectors.toSet()))
                .isEqualTo(rules);
    }
}
