package dev.lockstep.relay;

import dev.lockstep.testing.DatabaseTemplate;
import dev.lockstep.testing.TestDatabase;
import dev.lockstep.testing.TestKafka;
import dev.lockstep.testing.TestResource;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import javax.sql.DataSource;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.common.config.ConfigResource;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.jspecify.annotations.Nullable;

/** A database with an outbox and a topic for one test, and the relays and readers that the test starts on them. */
final class OutboxFixture extends TestResource {
    private static final DatabaseTemplate TABLES = new DatabaseTemplate("relay", OutboxFixture::createTables);
    private static final String MIGRATION = "/dev/lockstep/messaging/migration/V001__messaging.sql";
    // Tests write rows with ids of any time.
    private static final String ONE_PARTITION =
            "CREATE TABLE outbox_all PARTITION OF outbox FOR VALUES FROM (MINVALUE) TO (MAXVALUE)";
    private static final int PARTITIONS = 3;
    private static final String APPEND = """
        INSERT INTO outbox (aggregatetype, aggregateid, type, payload, topic)
        VALUES ('order', ?, 'OrderCreated', ?, ?)
        RETURNING id
        """;

    private final TestDatabase database = new TestDatabase(TABLES);
    private final String topic = "events-" + database.name();
    private final TestKafka kafka;
    private final List<OutboxRelay> relays = new ArrayList<>();
    private final List<TopicReader> readers = new ArrayList<>();

    private OutboxFixture(TestKafka kafka) {
        this.kafka = kafka;
        // As if the tables had just been created.
        execute("UPDATE outbox_watermark SET acknowledged_at = now()");
        createTopic(topic, Map.of());
    }

    static OutboxFixture create() {
        return new OutboxFixture(new TestKafka());
    }

    /** @param bootstrapServers the address of the Kafka cluster to use instead of the shared one */
    static OutboxFixture create(String bootstrapServers) {
        return new OutboxFixture(TestKafka.at(bootstrapServers));
    }

    // The build copies the migration of outbox/messaging into the resources of the tests.
    private static void createTables(DataSource source) {
        try (Connection connection = source.getConnection();
                Statement statement = connection.createStatement();
                InputStream tables = OutboxFixture.class.getResourceAsStream(MIGRATION)) {
            statement.execute(new String(Objects.requireNonNull(tables).readAllBytes(), StandardCharsets.UTF_8));
            statement.execute(ONE_PARTITION);
        } catch (SQLException | IOException cause) {
            throw new IllegalStateException(cause);
        }
    }

    String database() {
        return database.name();
    }

    String postgresHost() {
        return database.server().host();
    }

    int postgresPort() {
        return database.server().port();
    }

    String topic() {
        return topic;
    }

    String slot() {
        return database.name() + "_outbox";
    }

    RelayConfig config() {
        return config(Map.of());
    }

    RelayConfig config(Duration stalledAfter) {
        return config(Map.of(), stalledAfter);
    }

    RelayConfig config(Map<String, String> producer) {
        return config(producer, Duration.ofSeconds(3));
    }

    private RelayConfig config(Map<String, String> producer, Duration stalledAfter) {
        Map<String, String> settings = new HashMap<>(producer);
        settings.put("bootstrap.servers", kafka.bootstrapServers());
        return config(postgresPort(), settings, stalledAfter);
    }

    private RelayConfig config(int port, Map<String, String> settings, Duration stalledAfter) {
        return new RelayConfig(
                new PostgresAccess(postgresHost(), port, database.name(), new PostgresRole("lockstep", "lockstep")),
                slot(),
                "lockstep_outbox",
                "/order-service",
                settings,
                Duration.ofMillis(200),
                stalledAfter);
    }

    /** Returns the configuration of a relay that connects to Kafka at another address, such as that of a proxy. */
    RelayConfig configWithKafkaAt(String servers) {
        return config(postgresPort(), Map.of("bootstrap.servers", servers), Duration.ofSeconds(3));
    }

    /** Returns the same configuration without heartbeats, for a relay that must send nothing but rows to Kafka. */
    static RelayConfig withoutHeartbeats(RelayConfig config) {
        return new RelayConfig(
                config.postgres(),
                config.slotName(),
                config.publicationName(),
                config.source(),
                config.producer(),
                Duration.ofHours(1),
                config.stalledAfter());
    }

    /** Returns the configuration of a relay that connects to Postgres through another port, such as that of a proxy. */
    RelayConfig configWithPostgresAt(int port) {
        return config(port, Map.of("bootstrap.servers", kafka.bootstrapServers()), Duration.ofSeconds(3));
    }

    OutboxRelay relay() {
        return relay(config(), new SimpleMeterRegistry());
    }

    /** Returns a relay that is prepared but not started. The fixture closes it. */
    OutboxRelay relay(RelayConfig config, MeterRegistry meters) {
        OutboxRelay relay = new OutboxRelay(config, meters);
        relay.prepare();
        relays.add(relay);
        return relay;
    }

    /** Returns a reader of the topic. The fixture closes it. */
    TopicReader reader() {
        return reader(topic);
    }

    TopicReader reader(String name) {
        TopicReader reader = new TopicReader(kafka.bootstrapServers(), name);
        readers.add(reader);
        return reader;
    }

    Connection connect() {
        return database.connect();
    }

    UUID append(String key, String payload) {
        try (Connection connection = connect()) {
            return append(connection, key, payload);
        } catch (SQLException cause) {
            throw new IllegalStateException(cause);
        }
    }

    UUID append(Connection connection, String key, String payload) throws SQLException {
        return appendTo(connection, topic, key, payload);
    }

    UUID appendTo(String other, String key, String payload) {
        try (Connection connection = connect()) {
            return appendTo(connection, other, key, payload);
        } catch (SQLException cause) {
            throw new IllegalStateException(cause);
        }
    }

    private static UUID appendTo(Connection connection, String topic, String key, String payload) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(APPEND)) {
            statement.setString(1, key);
            statement.setBytes(2, payload.getBytes(StandardCharsets.UTF_8));
            statement.setString(3, topic);
            try (ResultSet row = statement.executeQuery()) {
                row.next();
                return row.getObject(1, UUID.class);
            }
        }
    }

    void execute(String sql) {
        database.execute(sql);
    }

    void executeAsSuperuser(String sql) {
        database.executeAsSuperuser(sql);
    }

    /** Sends a signal to a process of Postgres. */
    void signalPostgres(String name, long pid) {
        database.server().signal(name, pid);
    }

    /** Returns the first column of the first row as text; null if it is NULL or there is no row. */
    @Nullable
    String query(String sql) {
        try (Connection connection = connect();
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(sql)) {
            return row.next() ? row.getString(1) : null;
        } catch (SQLException cause) {
            throw new IllegalStateException(cause);
        }
    }

    long count(String sql) {
        return Long.parseLong(Objects.requireNonNull(query(sql)));
    }

    Set<String> relayedIds() {
        return new HashSet<>(database.strings(
                "SELECT id FROM outbox, outbox_watermark w WHERE pg_visible_in_snapshot(xid, w.snapshot)"
                        + " AND id NOT IN (SELECT id FROM outbox_held)"));
    }

    long relayed() {
        return count("""
            SELECT w.relayed - (SELECT count(*) FROM outbox_held WHERE pg_visible_in_snapshot(xid, w.snapshot))
              FROM outbox_watermark w
            """);
    }

    long pending() {
        return count("SELECT count(*) FROM outbox, outbox_watermark w WHERE NOT pg_visible_in_snapshot(xid, w.snapshot)"
                + " OR id IN (SELECT id FROM outbox_held)");
    }

    long held() {
        return count("SELECT count(*) FROM outbox_held");
    }

    void createTopic(String name, Map<String, String> settings) {
        kafka.createTopic(name, PARTITIONS, settings);
    }

    void deleteTopic(String name) {
        kafka.deleteTopic(name);
    }

    void changeTopic(String name, String setting, String value) {
        AlterConfigOp change = new AlterConfigOp(new ConfigEntry(setting, value), AlterConfigOp.OpType.SET);
        TestKafka.await(kafka.admin()
                .incrementalAlterConfigs(Map.of(new ConfigResource(ConfigResource.Type.TOPIC, name), List.of(change)))
                .all());
    }

    static ConditionFactory await() {
        return Awaitility.await().atMost(Duration.ofSeconds(60)).pollInterval(Duration.ofMillis(50));
    }

    boolean isSlotActive() {
        return "t".equals(query("SELECT active FROM pg_replication_slots WHERE slot_name = '" + slot() + "'"));
    }

    /** Drops the slot by force, as an operator may do: terminates the session that reads from it first. */
    void dropActiveSlot() {
        await().until(() -> {
            execute("SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name = '" + slot()
                    + "'");
            return query("SELECT pg_drop_replication_slot(slot_name)::text IS NOT NULL FROM pg_replication_slots"
                            + " WHERE NOT active AND slot_name = '" + slot() + "'")
                    != null;
        });
    }

    /** Invalidates the slot through max_slot_wal_keep_size: Postgres removes WAL that the slot still needs. */
    void invalidateSlot() {
        execute("ALTER SYSTEM SET max_slot_wal_keep_size = '1MB'");
        execute("SELECT pg_reload_conf()");
        try {
            await().until(() -> {
                execute("SELECT pg_switch_wal()");
                execute("CREATE TABLE IF NOT EXISTS noise (n int)");
                execute("INSERT INTO noise SELECT FROM generate_series(1, 1000)");
                execute("CHECKPOINT");
                return "lost"
                        .equals(query(
                                "SELECT wal_status FROM pg_replication_slots WHERE slot_name = '" + slot() + "'"));
            });
        } finally {
            execute("ALTER SYSTEM RESET max_slot_wal_keep_size");
            execute("SELECT pg_reload_conf()");
        }
    }

    void dropSlot() {
        execute("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE database ="
                + " current_database()");
    }

    /** Closes all relays and readers, and drops the slot, so that it does not retain the WAL of later tests. */
    @Override
    public void close() {
        relays.forEach(OutboxRelay::close);
        readers.forEach(TopicReader::close);
        await().until(() -> !isSlotActive());
        dropSlot();
        kafka.close();
    }
}
