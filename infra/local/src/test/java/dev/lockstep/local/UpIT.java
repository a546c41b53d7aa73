package dev.lockstep.local;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.embedded.FolderLock;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The script {@code up}: when it builds, what it prints, and which options it passes on. Maven and Java are stubs. */
@DisplayNameGeneration(ReplaceUnderscores.class)
class UpIT {
    private static final String BUILT = "Built in ";

    @TempDir
    Path folder;

    private Path clone;

    /** The output and exit code of the script. */
    private record Outcome(int exitCode, String output) {}

    @BeforeEach
    void prepareCloneWithStubs() throws IOException {
        clone = Files.createDirectories(folder.resolve("a clone of it"));
        Path repository = FindJdkIT.repository();
        Files.copy(repository.resolve("up"), clone.resolve("up"), StandardCopyOption.COPY_ATTRIBUTES);
        for (String copied : List.of(
                ".mvn/find-jdk.sh",
                ".mvn/lock-build.sh",
                ".mvn/check-options.sh",
                "audit/help.txt",
                "faults/help.txt",
                "faults/run")) {
            Files.createDirectories(clone.resolve(copied).resolveSibling(""));
            Files.copy(repository.resolve(copied), clone.resolve(copied), StandardCopyOption.COPY_ATTRIBUTES);
        }
        source("order-verticle/src/main/java/Order.java");
        source("order-verticle/src/test/java/OrderTest.java");
        source("infra/local/src/main/java/Local.java");
        Files.writeString(clone.resolve("pom.xml"), "<project/>");
        program("mvnw", """
                echo '[INFO] Building Lockstep contracts 0.1.0-SNAPSHOT                      [1/2]'
                echo '[INFO] a flood of other lines'
                echo '[INFO] Building Lockstep order service 0.1.0-SNAPSHOT                  [2/2]'
                if grep -q broken order-verticle/src/main/java/Order.java; then
                  echo '[ERROR] COMPILATION ERROR :'
                  echo '[ERROR] Order.java:[1,1] it is broken'
                  echo '[ERROR] -> [Help 1]'
                  exit 1
                fi
                mkdir -p infra/local/target && echo jar > infra/local/target/local.jar
                """);
        program(
                "jdk/bin/java",
                "for word in \"$@\"; do echo \"java received: $word\"; done; echo \"data is in $LOCKSTEP_DATA\"\n");
        program("jdk/bin/javac", "");
        Files.writeString(clone.resolve("jdk/release"), "JAVA_VERSION=\"25.0.3\"\n");
        // As after a clone: no file is newer than the next build.
        try (var files = Files.walk(clone)) {
            for (Path file : files.toList()) {
                Files.setLastModifiedTime(file, FileTime.from(Instant.now().minusSeconds(60)));
            }
        }
    }

    @Test
    void it_builds_once_and_again_only_after_changes() throws Exception {
        assertThat(up().output())
                .contains("[1/2]   Lockstep contracts\n", "[2/2]   Lockstep order service\n", BUILT)
                .doesNotContain("flood");
        assertThat(up().output()).doesNotContain(BUILT);

        touch("order-verticle/src/test/java/OrderTest.java");
        assertThat(up().output()).as("a changed test").doesNotContain(BUILT);

        touch("order-verticle/src/main/java/Order.java");
        assertThat(up().output()).contains(BUILT);
        assertThat(up().output()).doesNotContain(BUILT);

        touch("pom.xml");
        assertThat(up().output()).contains(BUILT);

        Path deleted = source("order-verticle/src/main/java/Deleted.java");
        assertThat(up().output()).contains(BUILT);
        Files.delete(deleted);
        assertThat(up().output()).as("a deleted source").contains(BUILT);

        Files.delete(clone.resolve("infra/local/target/local.jar"));
        assertThat(up().output()).as("deleted build output").contains(BUILT);
    }

    @Test
    void a_build_that_fails_shows_the_errors_and_is_tried_again() throws Exception {
        Path source = clone.resolve("order-verticle/src/main/java/Order.java");
        Files.writeString(source, "broken");

        Outcome failed = up();

        assertThat(failed.exitCode()).isEqualTo(1);
        assertThat(failed.output())
                .contains("The build failed:", "Order.java:[1,1] it is broken", "target/up-build.log")
                .doesNotContain("Help 1", "java received");
        Files.writeString(source, "mended");
        assertThat(up().output()).contains(BUILT, "java received");
    }

    @Test
    void a_start_waits_for_a_build_that_is_in_progress() throws Exception {
        Path mvnw = clone.resolve("mvnw");
        Files.writeString(mvnw, Files.readString(mvnw).replace("#!/bin/sh\n", "#!/bin/sh\nread -r _ < proceed\n"));
        Path proceed = clone.resolve("proceed");
        assertThat(new ProcessBuilder("mkfifo", proceed.toString()).start().waitFor())
                .isZero();
        Process first = start("up", Map.of());
        Process second;
        try (BufferedReader output = first.inputReader()) {
            assertThat(output.readLine()).startsWith("Building");

            second = start("up", Map.of());
            try (BufferedReader waiting = second.inputReader()) {
                assertThat(waiting.readLine()).startsWith("Waiting for another build");
                Files.writeString(proceed, "now\n");

                assertThat(output.readAllAsString()).contains(BUILT, "java received");
                assertThat(waiting.readAllAsString()).contains("java received").doesNotContain(BUILT);
            }
        }
        assertThat(first.waitFor()).isZero();
        assertThat(second.waitFor()).isZero();
    }

    @Test
    void options_and_the_data_folder_are_passed_on_from_any_directory() throws Exception {
        assertThat(up("--fresh", "--only=order,saga").output()).contains("""
                        java received: dev.lockstep.local.LocalApp
                        java received: --fresh
                        java received: --only
                        java received: order,saga
                        data is in %s
                        """.formatted(clone.resolve(".lockstep")));
        assertThat(up(Map.of("LOCKSTEP_DATA", "/elsewhere", "LOCKSTEP_JAVA_OPTS", "-Xmx9g -Dx=y"))
                        .output())
                .contains("java received: -Xmx9g\njava received: -Dx=y\n", "data is in /elsewhere");
    }

    @Test
    void an_audit_runs_as_its_own_program_with_all_options() throws Exception {
        assertThat(up("audit", "--only", "money", "--settle=-1s", "--allow-dead-letters")
                        .output())
                .contains("java received: dev.lockstep.local.LocalAuditApp\njava received: --only\n")
                .contains("java received: money\njava received: --settle=-1s\njava received: --allow-dead-letters\n");
    }

    @ParameterizedTest
    @CsvSource({"up, audit, audit", "up, faults, faults", "faults/run, --long, faults"})
    void the_help_of_a_program_is_printed_without_a_build(String script, String option, String program)
            throws Exception {
        Files.delete(clone.resolve("jdk/release"));

        assertThat(run(script, Map.of(), option, "--help"))
                .isEqualTo(
                        new Outcome(0, Files.readString(clone.resolve(program).resolve("help.txt"))));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            up audit --quick            | --quick is not an option; ./up audit --help lists them
            up audit money              | money is not an option; ./up audit --help lists them
            up audit --only             | --only needs a value; ./up audit --help describes it
            up audit --partitions-added=2 | --partitions-added takes no value; ./up audit --help describes it
            up faults --lon             | --lon is not an option; ./up faults --help lists them
            up faults --seed 4 --=      | --= is not an option; ./up faults --help lists them
            faults/run --case           | --case needs a value; ./up faults --help describes it
            """)
    void invalid_options_of_a_program_fail_before_a_build(String command, String sentence) throws Exception {
        List<String> words = List.of(command.split(" "));

        assertThat(run(
                        words.getFirst(),
                        Map.of(),
                        words.subList(1, words.size()).toArray(String[]::new)))
                .isEqualTo(new Outcome(2, sentence + "\n"));
    }

    @Test
    void invalid_options_start_nothing() throws Exception {
        assertThat(up("--quick")).isEqualTo(new Outcome(2, "--quick is not an option; ./up --help lists them\n"));
        assertThat(up("--only"))
                .isEqualTo(new Outcome(2, "--only must be a comma-separated list of services, such as order,saga\n"));
        assertThat(up("--help").output())
                .contains("--fresh", "LOCKSTEP_DATA", "SAGA_HTTP_PORT")
                .doesNotContain(BUILT);
    }

    @Test
    void a_stale_lock_is_ignored() throws Exception {
        FolderLock.tryLock(clone.resolve(".lockstep")).orElseThrow().close();

        assertThat(up().output()).contains("java received");
    }

    private Outcome up(String... options) throws IOException, InterruptedException {
        return up(Map.of(), options);
    }

    private Outcome up(Map<String, String> settings, String... options) throws IOException, InterruptedException {
        return run("up", settings, options);
    }

    private Outcome run(String script, Map<String, String> settings, String... options)
            throws IOException, InterruptedException {
        Process process = start(script, settings, options);
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        return new Outcome(process.waitFor(), output);
    }

    private Process start(String script, Map<String, String> settings, String... options) throws IOException {
        List<String> command = new ArrayList<>(List.of(clone.resolve(script).toString()));
        command.addAll(List.of(options));
        ProcessBuilder builder =
                new ProcessBuilder(command).redirectErrorStream(true).directory(folder.toFile());
        builder.environment().put("JAVA_HOME", clone.resolve("jdk").toString());
        builder.environment().putAll(settings);
        return builder.start();
    }

    private Path source(String path) throws IOException {
        Path file = clone.resolve(path);
        Files.createDirectories(file.resolveSibling(""));
        return Files.writeString(file, "fine");
    }

    private void touch(String path) throws IOException {
        Files.setLastModifiedTime(clone.resolve(path), FileTime.from(Instant.now()));
    }

    private void program(String path, String script) throws IOException {
        Path file = source(path);
        Files.writeString(file, "#!/bin/sh\n" + script);
        assertThat(file.toFile().setExecutable(true)).isTrue();
    }
}
