package dev.lockstep.embedded;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayNameGeneration(ReplaceUnderscores.class)
class KilledServersIT {
    @TempDir
    Path folder;

    @Test
    void an_orphaned_postgres_is_stopped_and_its_data_are_reused() throws SQLException {
        String urlOfTheLeftOver;
        try (ServerProcess process = ServerProcess.start("postgres", folder.toString())) {
            urlOfTheLeftOver = process.readyValue(2);
            execute(urlOfTheLeftOver, "CREATE TABLE kept AS SELECT 42 AS answer");
            execute(urlOfTheLeftOver, "SELECT pg_create_logical_replication_slot('kept', 'pgoutput')");
            process.kill();
        }
        execute(urlOfTheLeftOver, "SELECT answer FROM kept");

        try (LocalPostgres postgres = LocalPostgres.start(folder, 0)) {
            assertThat(postgres.stoppedOrphan()).isTrue();
            execute(postgres.superuserUrl("postgres"), "SELECT answer FROM kept");
            execute(postgres.superuserUrl("postgres"), "SELECT pg_drop_replication_slot('kept')");
            assertThatThrownBy(() -> execute(urlOfTheLeftOver, "SELECT 1")).isInstanceOf(SQLException.class);
        }
    }

    @Test
    void a_killed_kafka_restarts_within_seconds_with_its_acknowledged_records() throws Exception {
        try (ServerProcess process = ServerProcess.start("kafka", folder.toString())) {
            String bootstrapServers = process.readyValue(1);
            try (Admin admin = Admin.create(Map.of("bootstrap.servers", bootstrapServers))) {
                admin.createTopics(List.of(new NewTopic("words", Optional.of(1), Optional.empty())))
                        .all()
                        .get();
            }
            send(bootstrapServers, 1000);
            process.kill();
        }

        Instant before = Instant.now();
        try (LocalKafka kafka = LocalKafka.start(folder, 0)) {
            send(kafka.bootstrapServers(), 1);
            assertThat(Duration.between(before, Instant.now())).isLessThan(Duration.ofSeconds(20));
            assertThat(LocalKafkaIT.receive(kafka, 1001)).hasSize(1001);
        }
    }

    private static void send(String bootstrapServers, int count) throws Exception {
        try (KafkaProducer<String, String> producer = new KafkaProducer<>(
                Map.of("bootstrap.servers", bootstrapServers), new StringSerializer(), new StringSerializer())) {
            List<Future<RecordMetadata>> sends = IntStream.range(0, count)
                    .mapToObj(n -> producer.send(new ProducerRecord<>("words", "key", "word " + n)))
                    .toList();
            for (Future<RecordMetadata> send : sends) {
                send.get();
            }
        }
    }

    private static void execute(String url, String sql) throws SQLException {
        try (Connection connection = DriverManager.getConnection(url);
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }
}
