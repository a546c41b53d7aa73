package dev.lockstep.launcher;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.lockstep.runtime.Env;
import dev.lockstep.runtime.ServiceConfig;
import dev.lockstep.runtime.StartException;
import dev.lockstep.testing.TestDatabase;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

@DisplayNameGeneration(ReplaceUnderscores.class)
class PostgresStartupIT {
    @RegisterExtension
    final TestDatabase database = new TestDatabase("gate");

    private final PostgresStartup gate = new PostgresStartup(ServiceConfig.read(
            new Env(Map.of(
                    "POSTGRES_URI",
                    database.uri(),
                    "POSTGRES_USER",
                    "lockstep",
                    "POSTGRES_PASSWORD",
                    "lockstep",
                    "KAFKA_BOOTSTRAP_SERVERS",
                    "127.0.0.1:9")),
            "gate-service",
            0));

    @Test
    void a_replica_session_role_is_rejected_with_the_setting_to_reset() {
        set("session_replication_role = replica");

        assertThatThrownBy(gate::await)
                .isInstanceOf(StartException.class)
                .hasMessageContaining("session_replication_role is replica for POSTGRES_USER lockstep")
                .hasMessageContaining("RESET session_replication_role");
    }

    @Test
    void startup_waits_until_the_database_is_writable() throws Exception {
        set("default_transaction_read_only = on");
        CompletableFuture<Void> waiting = CompletableFuture.runAsync(gate::await);
        await().during(Duration.ofSeconds(1)).until(() -> !waiting.isDone());

        set("default_transaction_read_only = off");

        assertThatCode(() -> waiting.get(10, TimeUnit.SECONDS)).doesNotThrowAnyException();
    }

    private void set(String setting) {
        database.server().execute("ALTER DATABASE " + database.name() + " SET " + setting);
    }
}
