package dev.lockstep.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.Map;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@DisplayNameGeneration(ReplaceUnderscores.class)
class ServerLifecycleIT {
    // No engine answers the docker command, and Testcontainers has no way to reach one.
    private static final Map<String, String> WITHOUT_ENGINE =
            Map.of("DOCKER_HOST", "tcp://127.0.0.1:1", "TESTCONTAINERS_TRANSPORT_TYPE", "none");

    @ParameterizedTest
    @CsvSource({"end, 0", "fail, 1"})
    void servers_and_their_folder_are_gone_when_a_jvm_has_exited(String how, int exitCode) {
        try (TestServersProcess process = TestServersProcess.start(how)) {
            assertThat(process.exitCode()).as(process.output()).isEqualTo(exitCode);

            assertThatNoServerAnswers(process.postgresUrl());
            assertThat(process.folder()).doesNotExist();
            assertThat(process.output()).doesNotContain(" ERROR ");
        }
    }

    @Test
    void servers_and_the_folder_of_a_killed_jvm_are_removed_by_the_next_one() throws Exception {
        Path folder;
        String url;
        try (TestServersProcess killed = TestServersProcess.start("wait")) {
            folder = killed.folder();
            url = killed.postgresUrl();
            killed.kill();
        }
        assertThat(folder).isNotEmptyDirectory();

        ServerProvider next = ServerProvider.selected();

        assertThat(folder).doesNotExist();
        assertThatNoServerAnswers(url);
        assertThat(next.folder()).hasParentRaw(folder.getParent());
    }

    @Test
    void servers_are_embedded_if_no_container_engine_answers() {
        try (TestServersProcess process = TestServersProcess.start("end", "auto", WITHOUT_ENGINE)) {
            assertThat(process.exitCode()).as(process.output()).isZero();

            assertThat(process.output())
                    .containsPattern(
                            "test servers selected servers=\"embedded\" reason=\"(no container engine answers|the"
                                    + " command docker cannot be run)");
        }
    }

    @Test
    void containers_that_are_asked_for_fail_without_a_container_engine() {
        try (TestServersProcess process = TestServersProcess.start("end", "containers", WITHOUT_ENGINE)) {
            assertThat(process.exitCode()).as(process.output()).isEqualTo(1);

            assertThat(process.output())
                    .contains("test servers selected servers=\"containers\" reason=\"-Dtest.servers\"")
                    .contains("Testcontainers finds no container engine: start one, or select the embedded servers with"
                            + " -Dtest.servers=embedded");
        }
    }

    private static void assertThatNoServerAnswers(String url) {
        assertThatThrownBy(() -> {
                    try (Connection connection = DriverManager.getConnection(url)) {
                        assertThat(connection.isValid(1)).isFalse();
                    }
                })
                .isInstanceOf(SQLException.class);
    }
}
