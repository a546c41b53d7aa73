package dev.lockstep.faults;

import dev.lockstep.faults.agent.Protection;
import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.common.config.ConfigResource;

/** Topics to which Kafka refuses records. */
final class TopicCases {
    private static final String REFUSED = "order.confirmed";
    private static final String SIZE = "max.message.bytes";
    private static final String HEARTBEATS = "lockstep.heartbeats";
    private static final Duration LIMIT = Duration.ofMinutes(1);

    private TopicCases() {}

    static List<FaultCase> all() {
        return List.of(FaultCase.of(
                "refuse-topic",
                "a topic of the order service configured to refuse every record, and the service killed meanwhile; the"
                        + " heartbeat topic deleted",
                Protection.HELD_ROWS,
                TopicCases::refuse));
    }

    private static void refuse(CaseRun run) {
        for (int i = 0; i < run.times(3, 1); i++) {
            refuseRecords(run);
            deleteHeartbeats(run);
        }
    }

    private static void refuseRecords(CaseRun run) {
        set(run, new ConfigEntry(SIZE, "10"), AlterConfigOp.OpType.SET);
        try {
            run.injected();
            Waiting.until("readiness to name the topic", LIMIT, () -> isNamed(run));
            // Orders are created and confirmed through other topics of the same service.
            run.awaitProgress();
            run.stack().service(Service.ORDER).kill();
            run.injected();
            Waiting.until("readiness to name the topic after a restart", LIMIT, () -> isNamed(run));
            run.awaitProgress();
        } finally {
            set(run, new ConfigEntry(SIZE, ""), AlterConfigOp.OpType.DELETE);
        }
        Waiting.until("held rows to be sent", LIMIT, () -> held(run) == 0);
        run.awaitProgress();
    }

    private static void deleteHeartbeats(CaseRun run) {
        try (Admin admin = admin(run)) {
            admin.deleteTopics(List.of(HEARTBEATS)).all().get();
            run.injected();
            run.awaitProgress();
            Waiting.until("the heartbeat topic to be created again", LIMIT, () -> exists(admin));
        } catch (ExecutionException cause) {
            throw new FaultsException("cannot delete topic " + HEARTBEATS + ": " + cause.getMessage(), cause);
        } catch (InterruptedException cause) {
            Thread.currentThread().interrupt();
            throw new FaultsException("interrupted", cause);
        }
    }

    private static boolean exists(Admin admin) {
        try {
            return admin.listTopics().names().get().contains(HEARTBEATS);
        } catch (ExecutionException away) {
            return false;
        } catch (InterruptedException cause) {
            Thread.currentThread().interrupt();
            throw new FaultsException("interrupted", cause);
        }
    }

    private static void set(CaseRun run, ConfigEntry entry, AlterConfigOp.OpType type) {
        ConfigResource topic = new ConfigResource(ConfigResource.Type.TOPIC, REFUSED);
        try (Admin admin = admin(run)) {
            admin.incrementalAlterConfigs(Map.of(topic, List.of(new AlterConfigOp(entry, type))))
                    .all()
                    .get();
        } catch (ExecutionException cause) {
            throw new FaultsException("cannot alter topic " + REFUSED + ": " + cause.getMessage(), cause);
        } catch (InterruptedException cause) {
            Thread.currentThread().interrupt();
            throw new FaultsException("interrupted", cause);
        }
    }

    private static Admin admin(CaseRun run) {
        return Admin.create(Map.of("bootstrap.servers", run.stack().bootstrapServers()));
    }

    private static long held(CaseRun run) {
        try {
            String count = Database.column(run.stack().jdbcUrl(Service.ORDER), "SELECT count(*) FROM outbox_held")
                    .getFirst();
            return Long.parseLong(count);
        } catch (SQLException cause) {
            throw new FaultsException("cannot count held rows: " + cause.getMessage(), cause);
        }
    }

    private static boolean isNamed(CaseRun run) {
        HttpRequest request = HttpRequest.newBuilder(run.stack().uri(Service.ORDER, "/health/ready"))
                .timeout(Duration.ofSeconds(5))
                .build();
        try (HttpClient http = HttpClient.newHttpClient()) {
            String answer = http.send(request, BodyHandlers.ofString()).body();
            return answer.contains("topic " + REFUSED) && answer.contains("outbox row ");
        } catch (IOException away) {
            return false;
        } catch (InterruptedException cause) {
            Thread.currentThread().interrupt();
            throw new FaultsException("interrupted", cause);
        }
    }
}
