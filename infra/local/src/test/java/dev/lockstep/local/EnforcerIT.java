package dev.lockstep.local;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The enforcer rules of the parent pom, applied to two generated projects. */
@DisplayNameGeneration(ReplaceUnderscores.class)
class EnforcerIT {
    @TempDir
    Path folder;

    @Test
    void a_service_that_depends_on_another_does_not_build() throws Exception {
        plant(
                "<dependency><groupId>dev.lockstep</groupId><artifactId>inventory-verticle</artifactId><type>pom</type></dependency>");

        assertThat(validate())
                .contains("BUILD FAILURE")
                .contains("A service never depends on another one: what they share is in contracts.")
                .contains("dev.lockstep:inventory-verticle:pom");
    }

    @Test
    void independent_services_build() throws Exception {
        plant("");

        assertThat(validate()).contains("BUILD SUCCESS");
    }

    private void plant(String dependency) throws IOException {
        String parent = Files.readString(FindJdkIT.repository().resolve("pom.xml"));
        Files.writeString(
                folder.resolve("pom.xml"),
                parent.replaceFirst(
                        "(?s)<modules>.*?</modules>",
                        "<modules><module>order-verticle</module><module>inventory-verticle</module></modules>"));
        module("inventory-verticle", "");
        module("order-verticle", dependency.replace("<type>", "<version>0.1.0-SNAPSHOT</version><type>"));
    }

    private void module(String name, String dependencies) throws IOException {
        Files.writeString(
                Files.createDirectories(folder.resolve(name)).resolve("pom.xml"), """
                <project xmlns="http://maven.apache.org/POM/4.0.0">
                    <modelVersion>4.0.0</modelVersion>
                    <parent>
                        <groupId>dev.lockstep</groupId>
                        <artifactId>lockstep</artifactId>
                        <version>0.1.0-SNAPSHOT</version>
                    </parent>
                    <artifactId>%s</artifactId>
                    <packaging>pom</packaging>
                    <dependencies>%s</dependencies>
                </project>
                """.formatted(name, dependencies));
    }

    // Offline, because everything the rules need was just used to build this module.
    private String validate() throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(
                FindJdkIT.repository().resolve("mvnw").toString(),
                "-B",
                "-o",
                "-f",
                folder.resolve("pom.xml").toString(),
                "validate"));
        String localRepository = System.getProperty("localRepository");
        if (localRepository != null) {
            command.add("-Dmaven.repo.local=" + localRepository);
        }
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        process.waitFor();
        return output;
    }
}
