package dev.lockstep.architecture;

import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Checks that the architecture rules apply to every module: a module that this one does not depend on would go unchecked. */
@DisplayNameGeneration(ReplaceUnderscores.class)
class ModulesTest {
    private static final Path ROOT = Path.of("..", "..").toAbsolutePath().normalize();
    private static final Pattern MODULE = Pattern.compile("<module>([^<]+)</module>");
    private static final Set<String> CHECKED = new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests()).importPackages("dev.lockstep").stream()
                    .map(JavaClass::getName)
                    .collect(Collectors.toSet());

    @ParameterizedTest
    @MethodSource("modules")
    void the_rules_see_every_class_of_a_module(String module) {
        List<String> compiled = compiledClasses(ROOT.resolve(module).resolve("target/classes"));

        assertThat(compiled).isNotEmpty();
        assertThat(CHECKED).containsAll(compiled);
    }

    private static Stream<String> modules() throws IOException {
        return MODULE.matcher(Files.readString(ROOT.resolve("pom.xml")))
                .results()
                .map(module -> module.group(1))
                .filter(module -> Files.isDirectory(ROOT.resolve(module).resolve("src/main/java")));
    }

    private static List<String> compiledClasses(Path folder) {
        try (Stream<Path> files = Files.walk(folder)) {
            return files.map(file -> folder.relativize(file).toString())
                    .filter(name -> name.endsWith(".class"))
                    .map(name -> name.replaceFirst("\\.class$", "").replace(File.separatorChar, '.'))
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
