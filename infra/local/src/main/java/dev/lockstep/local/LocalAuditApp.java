package dev.lockstep.local;

import dev.lockstep.audit.AuditApp;
import dev.lockstep.embedded.FolderLock;
import dev.lockstep.embedded.LocalKafka;
import dev.lockstep.embedded.LocalPostgres;
import dev.lockstep.embedded.Umask;
import dev.lockstep.messaging.record.PrintableText;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Audits the stack of a data folder. A running stack is audited at its current addresses. For a stopped stack, Postgres and Kafka are
 * started for the duration of the audit. Started by {@code ./up audit}.
 */
public final class LocalAuditApp {
    private static final int CANNOT_AUDIT = 2;
    private static final int MAX_LINE_LENGTH = 2_000;

    private LocalAuditApp() {}

    public static void main(String[] options) {
        Path data = Path.of(Optional.ofNullable(System.getenv(LocalConfig.DATA)).orElse(".lockstep"))
                .toAbsolutePath()
                .normalize();
        Umask.restrictToOwner();
        // Not the log folder of the stack, which may be running.
        System.setProperty("logback.configurationFile", "logback-local.xml");
        System.setProperty("lockstep.logs", data.resolve("logs/audit").toString());
        // checkstyle off: consoleOutput, the report is the output of this command
        PrintWriter out = new PrintWriter(System.out, true, StandardCharsets.UTF_8);
        PrintWriter err = new PrintWriter(System.err, true, StandardCharsets.UTF_8);
        // checkstyle on: consoleOutput
        System.exit(run(data, out, err, List.of(options)));
    }

    private static int run(Path data, PrintWriter out, PrintWriter err, List<String> options) {
        if (options.contains("--help")) {
            return audit(out, err, List.of(), options);
        }
        if (!Files.exists(LocalStack.postgresFolder(data))) {
            err.println("There is no data in " + data + ": start Lockstep with ./up first, or set LOCKSTEP_DATA");
            return CANNOT_AUDIT;
        }
        Optional<FolderLock> lock = FolderLock.tryLock(data);
        if (lock.isPresent()) {
            try (Servers servers = Servers.start(data, lock.get())) {
                return auditStopped(servers, out, err, options);
            } catch (RuntimeException cause) {
                err.println(PrintableText.of(cause.getMessage(), MAX_LINE_LENGTH));
                return CANNOT_AUDIT;
            }
        }
        Optional<Endpoints> running = Endpoints.read(data);
        if (running.isEmpty()) {
            err.println("Lockstep on " + data + " is starting or stopping: try again in a moment");
            return CANNOT_AUDIT;
        }
        return audit(out, err, connection(running.get()), options);
    }

    // Nothing changes while the services are stopped, so there is no need to wait, and work in progress does not count
    // as stuck.
    private static int auditStopped(Servers servers, PrintWriter out, PrintWriter err, List<String> options) {
        // Postgres is a separate process and would otherwise outlive this one.
        Runtime.getRuntime().addShutdownHook(new Thread(servers::close, "audit-stop"));
        List<String> ours = new ArrayList<>(connection(servers.endpoints()));
        ours.add("--settle=0");
        return audit(out, err, ours, options);
    }

    private static List<String> connection(Endpoints endpoints) {
        return List.of(
                "--postgres-host=" + endpoints.postgresHost(),
                "--postgres-port=" + endpoints.postgresPort(),
                "--postgres-user=" + LocalPostgres.USER,
                "--postgres-password=" + LocalPostgres.PASSWORD,
                "--kafka=" + endpoints.bootstrapServers());
    }

    private static int audit(PrintWriter out, PrintWriter err, List<String> ours, List<String> options) {
        List<String> all = new ArrayList<>(ours);
        all.addAll(options);
        return AuditApp.run(out, err, all.toArray(String[]::new));
    }

    /** The servers of a stack that is not running, on free ports. */
    private record Servers(FolderLock lock, LocalPostgres postgres, LocalKafka kafka) implements AutoCloseable {
        static Servers start(Path data, FolderLock lock) {
            LocalPostgres.grantTraversal(data);
            LocalPostgres postgres = LocalPostgres.start(LocalStack.postgresFolder(data), 0);
            try {
                return new Servers(lock, postgres, LocalKafka.start(LocalStack.kafkaFolder(data), 0));
            } catch (RuntimeException cause) {
                postgres.close();
                throw cause;
            }
        }

        Endpoints endpoints() {
            return new Endpoints(postgres.host(), postgres.port(), kafka.bootstrapServers());
        }

        @Override
        public void close() {
            kafka.close();
            postgres.close();
            lock.close();
        }
    }
}
