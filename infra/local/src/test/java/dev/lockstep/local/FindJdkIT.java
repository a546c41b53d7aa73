package dev.lockstep.local;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which JDK {@code mvnw} and {@code up} choose, depending on what is installed. */
@DisplayNameGeneration(ReplaceUnderscores.class)
class FindJdkIT {
    private static final Path SCRIPT = repository().resolve(".mvn/find-jdk.sh");

    @TempDir
    Path machine;

    private Path oldJava;

    @BeforeEach
    void an_old_java_is_on_the_path() throws IOException {
        oldJava = jdk("usr/lib/jvm/java-17-openjdk-amd64", "17.0.15");
    }

    @Test
    void a_jdk_beside_the_old_one_is_found() throws Exception {
        Path wanted = jdk("usr/lib/jvm/temurin-25-jdk-amd64", "25.0.3");

        assertThat(find(Map.of())).isEqualTo(wanted.toString());
    }

    @Test
    void java_home_comes_first_unless_it_is_too_old() throws Exception {
        Path wanted = jdk("usr/lib/jvm/temurin-25-jdk-amd64", "25.0.3");
        Path mine = jdk("home/my jdk", "26");

        assertThat(find(Map.of("JAVA_HOME", mine.toString()))).isEqualTo(mine.toString());
        assertThat(find(Map.of("JAVA_HOME", oldJava.toString()))).isEqualTo(wanted.toString());
    }

    @Test
    void the_exact_version_is_preferred_over_a_later_one() throws Exception {
        jdk("opt/jdk-27", "27");
        Path wanted = jdk("home/.sdkman/candidates/java/25.0.3-tem", "25.0.3");

        assertThat(find(Map.of())).isEqualTo(wanted.toString());
    }

    @Test
    void a_later_version_and_a_macos_jdk_are_accepted() throws Exception {
        Path later = jdk("Library/Java/JavaVirtualMachines/temurin-26.jdk/Contents/Home", "26.0.1");

        assertThat(find(Map.of())).isEqualTo(later.toString());
    }

    @Test
    void a_runtime_without_a_compiler_is_ignored() throws Exception {
        Path runtime = jdk("usr/lib/jvm/java-25-openjdk-amd64", "25.0.3");
        Files.delete(runtime.resolve("bin/javac"));

        assertThat(find(Map.of())).contains("Lockstep needs JDK 25");
    }

    @Test
    void without_a_jdk_it_says_what_to_install_and_where_it_searched() throws Exception {
        assertThat(find(Map.of()))
                .startsWith("Lockstep needs JDK 25 or later, but none was found. Install one")
                .contains("temurin-25-jdk", "sdk env install")
                .contains("JAVA_HOME: not set")
                .contains("java on the PATH: " + oldJava + " is Java 17")
                .contains("usr/lib/jvm: java-17-openjdk-amd64 is Java 17")
                .contains(".sdkman/candidates/java: no JDK")
                .endsWith("exit code 1");
    }

    // Returns JAVA_HOME as a script that sources find-jdk.sh sees it, with the shell options of mvnw.
    private String find(Map<String, String> environment) throws IOException, InterruptedException {
        ProcessBuilder builder = new ProcessBuilder(
                        "sh",
                        "-c",
                        "set -euf; trap 'echo exit code $?' EXIT; . \"$0\"; trap - EXIT; echo \"$JAVA_HOME\"",
                        SCRIPT.toString())
                .redirectErrorStream(true);
        builder.environment().remove("JAVA_HOME");
        builder.environment().put("FIND_JDK_ROOT", machine.toString());
        builder.environment().put("HOME", machine.resolve("home").toString());
        builder.environment().merge("PATH", oldJava.resolve("bin").toString(), (path, java) -> java + ":" + path);
        builder.environment().putAll(environment);
        Process process = builder.start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
        process.waitFor();
        return said;
    }

    private Path jdk(String path, String version) throws IOException {
        Path home = machine.toRealPath().resolve(path);
        Files.createDirectories(home.resolve("bin"));
        for (String program : new String[] {"java", "javac"}) {
            Path file = Files.writeString(home.resolve("bin").resolve(program), "#!/bin/sh\n");
            Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
        }
        Files.writeString(home.resolve("release"), "IMPLEMENTOR=\"Test\"\nJAVA_VERSION=\"" + version + "\"\n");
        return home;
    }

    static Path repository() {
        Path folder = Path.of("").toAbsolutePath();
        while (!Files.exists(folder.resolve(".mvn/find-jdk.sh"))) {
            folder = folder.resolve("..").normalize();
        }
        return folder;
    }
}
