package dev.lockstep.faults.inside;

import static org.assertj.core.api.Assertions.assertThat;

import net.bytebuddy.ByteBuddy;
import net.bytebuddy.description.type.TypeDescription;
import net.bytebuddy.dynamic.ClassFileLocator;
import net.bytebuddy.pool.TypePool;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A method that is renamed would otherwise leave a case that breaks nothing. */
@DisplayNameGeneration(ReplaceUnderscores.class)
class WeavingTest {
    private final ClassFileLocator classes = ClassFileLocator.ForClassLoader.ofSystemLoader();
    private final TypePool types = TypePool.Default.of(classes);

    @ParameterizedTest
    @EnumSource
    void a_crash_point_is_in_every_class_that_it_names(CrashPoint point) {
        assertThat(point.classes()).isNotEmpty().allSatisfy(type -> finds(Weaving.of(point), type));
    }

    @ParameterizedTest
    @EnumSource
    void what_a_protection_is_made_of_is_there_to_be_switched_off(Protection protection) {
        assertThat(Weaving.without(protection))
                .allSatisfy(
                        weaving -> assertThat(weaving.classes()).isNotEmpty().allSatisfy(type -> finds(weaving, type)));
    }

    private void finds(Weaving weaving, String type) {
        TypeDescription described = types.describe(type).resolve();
        assertThat(described.getDeclaredMethods().filter(weaving.matcher()))
                .as(weaving.methods() + " of " + type)
                .isNotEmpty();
        // Also that the code fits: byte code is checked only when it is made.
        assertThat(weaving.into(new ByteBuddy().redefine(described, classes))
                        .make()
                        .getBytes())
                .isNotEmpty();
    }
}
