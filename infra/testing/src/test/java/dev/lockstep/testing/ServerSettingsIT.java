package dev.lockstep.testing;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.embedded.DisposableServers;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.config.ConfigResource;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Checks the servers that this test run uses, embedded or in containers. */
@DisplayNameGeneration(ReplaceUnderscores.class)
class ServerSettingsIT {
    @RegisterExtension
    static final TestPostgres POSTGRES = new TestPostgres();

    @RegisterExtension
    static final TestKafka KAFKA = new TestKafka();

    @Test
    void postgres_has_the_settings_of_disposable_servers_in_its_configuration_file() throws SQLException {
        Map<String, String> expected = new TreeMap<>(DisposableServers.postgresSettings());

        Map<String, String> settings = new TreeMap<>(pairs("SELECT name, setting FROM pg_file_settings WHERE applied"));
        settings.keySet().retainAll(expected.keySet());

        assertThat(settings).isEqualTo(expected);
    }

    @Test
    void alter_system_changes_a_setting_of_postgres() throws SQLException {
        POSTGRES.server().execute("ALTER SYSTEM SET max_slot_wal_keep_size = '1MB'");
        POSTGRES.server().execute("SELECT pg_reload_conf()");
        try {
            Awaitility.await()
                    .untilAsserted(() -> assertThat(pairs("SELECT name, setting || unit FROM pg_settings WHERE name ="
                                    + " 'max_slot_wal_keep_size'"))
                            .containsExactly(Map.entry("max_slot_wal_keep_size", "1MB")));
        } finally {
            POSTGRES.server().execute("ALTER SYSTEM RESET max_slot_wal_keep_size");
            POSTGRES.server().execute("SELECT pg_reload_conf()");
        }
    }

    @Test
    void the_user_of_the_tests_is_no_superuser() throws SQLException {
        assertThat(pairs("SELECT rolname, rolsuper::text FROM pg_roles WHERE rolname IN ('postgres', 'lockstep')"))
                .isEqualTo(Map.of("postgres", "true", "lockstep", "false"));
    }

    @Test
    void kafka_has_the_settings_of_disposable_servers() {
        Node node = TestKafka.await(KAFKA.admin().describeCluster().controller());
        ConfigResource broker = new ConfigResource(ConfigResource.Type.BROKER, node.idString());

        Config config = TestKafka.await(
                        KAFKA.admin().describeConfigs(Set.of(broker)).all())
                .get(broker);

        Map<String, String> expected = new TreeMap<>(DisposableServers.kafkaSettings());
        Map<String, String> settings = new TreeMap<>();
        for (ConfigEntry entry : Objects.requireNonNull(config).entries()) {
            if (expected.containsKey(entry.name())) {
                settings.put(entry.name(), entry.value());
            }
        }
        assertThat(settings).isEqualTo(expected);
    }

    /** Returns the rows of two columns of text. */
    private static Map<String, String> pairs(String sql) throws SQLException {
        try (Connection connection = Jdbc.connect(POSTGRES.server().superuserUrl("postgres"));
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(sql)) {
            Map<String, String> pairs = new HashMap<>();
            while (rows.next()) {
                pairs.put(rows.getString(1), rows.getString(2));
            }
            return pairs;
        }
    }
}
