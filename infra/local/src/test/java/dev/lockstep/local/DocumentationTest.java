package dev.lockstep.local;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Checks that the references in the documentation exist. */
@DisplayNameGeneration(ReplaceUnderscores.class)
class DocumentationTest {
    private static final Path ROOT = Path.of("..", "..").toAbsolutePath().normalize();
    private static final Path DECISIONS = ROOT.resolve("docs/decisions");
    private static final Pattern LINK = Pattern.compile("\\]\\(([^)#\\s]+)[^)]*\\)");
    private static final Pattern JAVA_EXAMPLE = Pattern.compile("```java\n(.*?)```", Pattern.DOTALL);
    private static final Pattern TEST = Pattern.compile("`([A-Z]\\w*(?:Test|IT))`");
    private static final Set<String> EXCLUDED_FOLDERS = Set.of("target", "node_modules", ".git", ".lockstep");

    @Test
    void decisions_are_numbered_from_one_without_gaps_or_repeats() {
        List<String> numbers =
                decisions().map(file -> nameOf(file).substring(0, 5)).sorted().toList();

        assertThat(numbers)
                .isEqualTo(IntStream.rangeClosed(1, numbers.size())
                        .mapToObj("%04d-"::formatted)
                        .toList());
    }

    @ParameterizedTest
    @MethodSource("decisions")
    void a_decision_file_matches_its_title_and_lists_rejected_alternatives(Path decision) {
        List<String> lines = text(decision).lines().toList();

        assertThat(nameOf(decision).substring(5)).isEqualTo(slug(lines.getFirst()) + ".md");
        assertThat(lines).contains("*Rejected alternatives*");
    }

    @ParameterizedTest
    @MethodSource("pages")
    void every_link_resolves(Path page) {
        assertThat(LINK.matcher(text(page)).results().map(link -> link.group(1)))
                .filteredOn(target -> !target.contains("://"))
                .allSatisfy(target -> assertThat(page.resolveSibling(target)).exists());
    }

    @ParameterizedTest
    @MethodSource("pages")
    void every_referenced_test_exists(Path page) {
        assertThat(testClasses())
                .containsAll(TEST.matcher(text(page))
                        .results()
                        .map(test -> test.group(1))
                        .toList());
    }

    @ParameterizedTest
    @MethodSource("pages")
    void java_examples_are_quoted_from_compiled_code(Path page) {
        List<String> examples = JAVA_EXAMPLE
                .matcher(text(page))
                .results()
                .map(example -> withoutIndentation(example.group(1)))
                .toList();

        assertThat(examples).allMatch(example -> javaSources().anyMatch(source -> source.contains(example)));
    }

    private static Stream<String> javaSources() {
        return files(ROOT).filter(file -> nameOf(file).endsWith(".java")).map(file -> withoutIndentation(text(file)));
    }

    private static String withoutIndentation(String code) {
        return code.lines().map(String::strip).filter(line -> !line.isEmpty()).collect(Collectors.joining("\n"));
    }

    private static Stream<Path> decisions() {
        return files(DECISIONS);
    }

    private static Stream<Path> pages() {
        return files(ROOT).filter(file -> nameOf(file).endsWith(".md"));
    }

    private static Set<String> testClasses() {
        return files(ROOT)
                .map(DocumentationTest::nameOf)
                .filter(name -> name.endsWith(".java"))
                .map(name -> name.substring(0, name.length() - ".java".length()))
                .collect(Collectors.toSet());
    }

    private static Stream<Path> files(Path folder) {
        try (Stream<Path> children = Files.list(folder)) {
            return children.filter(child -> !EXCLUDED_FOLDERS.contains(nameOf(child))).toList().stream()
                    .flatMap(child -> Files.isDirectory(child) ? files(child) : Stream.of(child));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String slug(String title) {
        return title.toLowerCase(Locale.ROOT)
                .replaceAll("[^a-z0-9 ]", "")
                .strip()
                .replace(' ', '-');
    }

    private static String nameOf(Path file) {
        return String.valueOf(file.getFileName());
    }

    private static String text(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
