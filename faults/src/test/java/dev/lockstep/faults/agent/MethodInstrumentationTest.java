package dev.lockstep.faults.agent;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import net.bytebuddy.ByteBuddy;
import net.bytebuddy.description.method.MethodDescription;
import net.bytebuddy.description.type.TypeDescription;
import net.bytebuddy.dynamic.ClassFileLocator;
import net.bytebuddy.pool.TypePool;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Finds methods that were moved or renamed. Without this test a case could pass although its fault is never active. */
@DisplayNameGeneration(ReplaceUnderscores.class)
class MethodInstrumentationTest {
    private final ClassFileLocator classes = ClassFileLocator.ForClassLoader.ofSystemLoader();
    private final TypePool types = TypePool.Default.of(classes);

    @ParameterizedTest
    @EnumSource
    void every_class_of_a_crash_point_has_a_matching_method(CrashPoint point) {
        assertThat(point.classes()).isNotEmpty().allSatisfy(type -> finds(MethodInstrumentation.of(point), type));
    }

    @ParameterizedTest
    @EnumSource
    void every_class_of_a_protection_has_a_matching_method(Protection protection) {
        assertThat(MethodInstrumentation.disabling(protection))
                .allSatisfy(
                        weaving -> assertThat(weaving.classes()).isNotEmpty().allSatisfy(type -> finds(weaving, type)));
    }

    // A write that the point does not cover would never be followed by a crash.
    @Test
    void state_written_covers_every_write_of_payments() {
        MethodInstrumentation weaving = MethodInstrumentation.of(CrashPoint.STATE_WRITTEN);

        List<String> uncovered =
                types.describe("dev.lockstep.payment.PaymentStore").resolve().getDeclaredMethods().stream()
                        .filter(method -> !method.isPrivate()
                                && method.getReturnType().toString().equals("io.vertx.core.Future<java.lang.Void>")
                                && !weaving.matcher().matches(method))
                        .map(MethodDescription::getName)
                        .toList();

        assertThat(uncovered).isEmpty();
    }

    private void finds(MethodInstrumentation weaving, String type) {
        TypeDescription described = types.describe(type).resolve();
        assertThat(described.getDeclaredMethods().filter(weaving.matcher()))
                .as(weaving.methodPattern() + " of " + type)
                .isNotEmpty();
        // Applies the advice too: whether it fits the method is checked only when the class is generated.
        assertThat(weaving.applyTo(new ByteBuddy().redefine(described, classes))
                        .make()
                        .getBytes())
                .isNotEmpty();
    }
}
