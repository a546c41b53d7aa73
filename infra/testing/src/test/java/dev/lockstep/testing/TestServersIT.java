package dev.lockstep.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@DisplayNameGeneration(ReplaceUnderscores.class)
class TestServersIT {
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
    void leftovers_of_a_killed_jvm_are_deleted_by_the_next_one() throws Exception {
        Path folder;
        String url;
        try (TestServersProcess killed = TestServersProcess.start("wait")) {
            folder = killed.folder();
            url = killed.postgresUrl();
            killed.kill();
        }
        assertThat(folder).isNotEmptyDirectory();

        OrphanedServers.clear(folder.resolveSibling(""));

        assertThat(folder).doesNotExist();
        assertThatNoServerAnswers(url);
        assertThat(folder.resolveSibling("")).exists();
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
