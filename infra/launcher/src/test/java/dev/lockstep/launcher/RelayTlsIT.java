package dev.lockstep.launcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.runtime.StartException;
import dev.lockstep.testing.SecuredPostgres;
import dev.lockstep.testing.TestAuthority.Issued;
import dev.lockstep.testing.TestKafka;
import dev.lockstep.testing.TestServers;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * A service whose role may not replicate, with a relay that has a role of its own and a client certificate, over connections that verify
 * the server.
 */
@DisplayNameGeneration(ReplaceUnderscores.class)
class RelayTlsIT {
    private static final Duration SOON = Duration.ofSeconds(60);

    @RegisterExtension
    static final SecuredPostgres POSTGRES = new SecuredPostgres();

    @RegisterExtension
    final TestKafka kafka = new TestKafka();

    private final String owner = TestServers.newName("owner");
    private final String relay = TestServers.newName("certified_relay");
    private final String topic = TestServers.newName("relayed.");
    private final Issued certificate = POSTGRES.authority().client(relay);

    @BeforeEach
    void createRoles() {
        POSTGRES.execute("postgres", "CREATE ROLE " + owner + " LOGIN NOREPLICATION PASSWORD 'owner-secret'");
        POSTGRES.execute("postgres", "CREATE ROLE " + relay + " LOGIN REPLICATION PASSWORD 'relay-secret'");
        POSTGRES.execute("postgres", "CREATE DATABASE " + owner);
        POSTGRES.execute("postgres", "GRANT CREATE ON DATABASE " + owner + " TO " + owner);
        POSTGRES.execute(owner, "REVOKE ALL ON SCHEMA public FROM PUBLIC");
        POSTGRES.execute(owner, "GRANT USAGE, CREATE ON SCHEMA public TO " + owner);
        POSTGRES.execute(owner, "GRANT USAGE ON SCHEMA public TO " + relay);
        kafka.createTopic(topic, 1);
    }

    @AfterEach
    void dropSlot() {
        POSTGRES.execute(
                owner,
                "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE database = current_database()");
    }

    @Test
    void rows_are_relayed_over_verified_connections_with_a_role_of_the_relays_own() throws SQLException {
        try (RunningService service = start(Map.of())) {
            POSTGRES.execute(owner, "SELECT ensure_partitions('outbox', 1, 1)");
            POSTGRES.execute(
                    owner,
                    "INSERT INTO outbox (aggregatetype, aggregateid, type, payload, topic) SELECT 'echo', n::text,"
                            + " 'Heard', convert_to('message ' || n, 'UTF8'), '" + topic
                            + "' FROM generate_series(1, 500) n");

            assertThat(received(500)).hasSize(500).contains("message 1", "message 500");
            assertThat(strings("""
                    SELECT DISTINCT a.backend_type || ' ' || a.usename || ' ' || s.ssl || ' ' || coalesce(s.client_dn, '')
                      FROM pg_stat_activity a JOIN pg_stat_ssl s USING (pid)
                     WHERE a.datname = current_database() AND a.usename <> 'postgres' AND s.client_dn IS NOT NULL
                    """))
                    .contains(
                            "walsender " + relay + " true /CN=" + relay,
                            "client backend " + relay + " true /CN=" + relay)
                    .allSatisfy(session -> assertThat(session).contains(" true "));
            Awaitility.await()
                    .atMost(SOON)
                    .untilAsserted(() -> assertThat(strings("SELECT count(*) FROM outbox, outbox_watermark w WHERE NOT"
                                    + " pg_visible_in_snapshot(xid, w.snapshot)"))
                            .containsExactly("0"));
            assertThat(Http.to(service).get("/health/ready").body())
                    .doesNotContain("relay process\",\"status\":\"DOWN");
        }
        // The relay of a second start has all rights already.
        start(Map.of()).close();
    }

    @Test
    void the_role_of_the_relay_has_no_right_that_the_relay_does_not_need() throws SQLException {
        start(Map.of()).close();

        assertThat(strings("SELECT table_name || ' ' || string_agg(privilege_type, ', ' ORDER BY privilege_type)"
                        + " FROM information_schema.role_table_grants WHERE grantee = '" + relay
                        + "' GROUP BY table_name ORDER BY table_name"))
                .containsExactly(
                        "outbox SELECT",
                        "outbox_heartbeat DELETE, INSERT, SELECT",
                        "outbox_held DELETE, INSERT, SELECT, UPDATE",
                        "outbox_held_topic DELETE, INSERT, SELECT, UPDATE",
                        "outbox_publication INSERT, SELECT, UPDATE",
                        "outbox_recovery INSERT, SELECT, UPDATE",
                        "outbox_term INSERT, SELECT, UPDATE",
                        "outbox_watermark SELECT, UPDATE");
        for (String forbidden : List.of(
                "INSERT INTO outbox (aggregatetype, type, topic) VALUES ('echo', 'Heard', 'x')",
                "DELETE FROM echo",
                "SELECT * FROM echo",
                "DELETE FROM inbox",
                "CREATE TABLE mine (n int)")) {
            assertThatThrownBy(() -> executeAsRelay(forbidden))
                    .as(forbidden)
                    .isInstanceOf(SQLException.class)
                    .hasMessageContaining("permission denied");
        }
    }

    @Test
    void a_wrong_password_of_the_relay_is_reported_with_its_setting() {
        assertThatThrownBy(() -> start(Map.of("RELAY_POSTGRES_PASSWORD", "wrong")))
                .isInstanceOf(StartException.class)
                .hasMessageContaining(
                        "rejects the login with RELAY_POSTGRES_USER " + relay + " and RELAY_POSTGRES_PASSWORD");
    }

    @Test
    void a_missing_certificate_of_the_relay_is_reported_with_its_setting() {
        assertThatThrownBy(() -> start(Map.of("POSTGRES_SSLCERT", "", "POSTGRES_SSLKEY", "")))
                .isInstanceOf(StartException.class)
                .hasMessageContaining("requires a client certificate of RELAY_POSTGRES_USER " + relay
                        + ": set POSTGRES_SSLCERT and POSTGRES_SSLKEY");
    }

    private RunningService start(Map<String, String> others) {
        Map<String, String> settings = new HashMap<>(Map.of(
                "POSTGRES_USER",
                owner,
                "POSTGRES_PASSWORD",
                "owner-secret",
                "POSTGRES_SSLMODE",
                "verify-full",
                "POSTGRES_SSLROOTCERT",
                POSTGRES.authority().certificate().toString(),
                "POSTGRES_SSLCERT",
                certificate.certificate().toString(),
                "POSTGRES_SSLKEY",
                certificate.key().toString(),
                "RELAY_POSTGRES_USER",
                relay,
                "RELAY_POSTGRES_PASSWORD",
                "relay-secret"));
        settings.putAll(others);
        return ServiceLauncher.start(
                EchoService.config(EchoService.settings(POSTGRES.uri(owner), kafka.bootstrapServers(), settings)),
                List.of(),
                context -> new EchoService(context, new EchoService.Gate()));
    }

    private void executeAsRelay(String sql) throws SQLException {
        String url = "jdbc:" + POSTGRES.uri(owner) + "?user=" + relay
                + "&password=relay-secret&sslmode=verify-full&sslrootcert="
                + POSTGRES.authority().certificate() + "&sslcert=" + certificate.certificate() + "&sslkey="
                + certificate.key() + "&pemKeyAlgorithm=EC";
        try (Connection connection = DriverManager.getConnection(url);
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private List<String> strings(String sql) throws SQLException {
        try (Connection connection = DriverManager.getConnection(POSTGRES.superuserUrl(owner));
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(sql)) {
            List<String> column = new ArrayList<>();
            while (rows.next()) {
                column.add(String.valueOf(rows.getString(1)));
            }
            return column;
        }
    }

    private List<String> received(int count) {
        List<String> values = new ArrayList<>();
        try (KafkaConsumer<String, byte[]> consumer = new KafkaConsumer<>(
                Map.of(
                        "bootstrap.servers",
                        kafka.bootstrapServers(),
                        "group.id",
                        topic,
                        "auto.offset.reset",
                        "earliest"),
                new StringDeserializer(),
                (name, bytes) -> bytes)) {
            consumer.subscribe(List.of(topic));
            Awaitility.await().atMost(SOON).until(() -> {
                consumer.poll(Duration.ofMillis(200))
                        .forEach(record -> values.add(new String(record.value(), StandardCharsets.UTF_8)));
                return values.size() >= count;
            });
        }
        return values;
    }
}
