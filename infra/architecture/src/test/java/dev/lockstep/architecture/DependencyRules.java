package dev.lockstep.architecture;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import java.util.List;

/** What the architecture rules say about dependencies between packages. */
final class DependencyRules {
    private DependencyRules() {}

    /** Classes in these packages depend on no class of the project outside the allowed ones. */
    static ArchRule dependsOnlyOn(String packages, String... allowed) {
        return noClasses()
                .that()
                .resideInAPackage(packages)
                .should()
                .dependOnClassesThat(resideInAPackage("dev.lockstep..").and(not(resideInAnyPackage(allowed))));
    }

    /** A class of a service depends on no other one of these services. */
    static ArchCondition<JavaClass> notTouchAnotherOf(List<String> services) {
        return new ArchCondition<>("not depend on another service") {
            @Override
            public void check(JavaClass javaClass, ConditionEvents events) {
                javaClass.getDirectDependenciesFromSelf().stream()
                        .filter(dependency -> {
                            String other = service(dependency.getTargetClass());
                            return services.contains(other) && !other.equals(service(javaClass));
                        })
                        .forEach(dependency ->
                                events.add(SimpleConditionEvent.violated(javaClass, dependency.getDescription())));
            }
        };
    }

    /**
     * A class depends on no higher layer.
     *
     * @param root the package that contains the layers
     * @param layers the names of the packages in it, from the highest to the lowest
     */
    static ArchCondition<JavaClass> dependOnLowerLayersOnly(String root, List<String> layers) {
        return new ArchCondition<>("depend on lower layers only") {
            @Override
            public void check(JavaClass javaClass, ConditionEvents events) {
                javaClass.getDirectDependenciesFromSelf().stream()
                        .filter(dependency ->
                                dependency.getTargetClass().getPackageName().startsWith(root)
                                        && layer(dependency.getTargetClass(), root, layers)
                                                < layer(javaClass, root, layers))
                        .forEach(dependency ->
                                events.add(SimpleConditionEvent.violated(javaClass, dependency.getDescription())));
            }
        };
    }

    // The root package is above all layers, and so is a package missing in the list.
    private static int layer(JavaClass javaClass, String root, List<String> layers) {
        String[] parts = javaClass.getPackageName().substring(root.length()).split("\\.", -1);
        return parts.length < 2 ? -1 : layers.indexOf(parts[1]);
    }

    // dev.lockstep.<service>...
    private static String service(JavaClass javaClass) {
        String[] parts = javaClass.getPackageName().split("\\.", -1);
        return parts.length > 2 && parts[0].equals("dev") && parts[1].equals("lockstep") ? parts[2] : "";
    }
}
