package dev.lockstep.embedded;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.SecureRandom;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A Postgres server on 127.0.0.1 whose data is kept in one folder between runs. The server is a child process of this JVM but has its own
 * session, so Ctrl-C in the terminal does not stop it: the caller finishes its work first and then calls {@link #close()}.
 *
 * <p>The folder is not accessible to other users of the machine. It contains {@code data} (the server's data), {@code log}, {@code lock},
 * and {@code superuser}, which holds the password of the role that only {@link #superuserUrl} uses. {@link #USER} may create databases and
 * replicate them.
 */
public final class LocalPostgres implements AutoCloseable {
    public static final String USER = "lockstep";
    public static final String PASSWORD = "lockstep";

    private static final Logger LOGGER = LoggerFactory.getLogger(LocalPostgres.class);
    private static final String HOST = "127.0.0.1";
    private static final int ATTEMPTS = 5;
    private static final Duration INIT_LIMIT = Duration.ofMinutes(2);
    // Long enough for crash recovery.
    private static final Duration START_LIMIT = Duration.ofMinutes(5);
    private static final Duration STOP_LIMIT = Duration.ofSeconds(30);

    private final Path home;
    private final Path data;
    private final Path log;
    private final Path secret;
    private final PrivilegeDrop privilegeDrop;
    private final FolderLock lock;
    private final PostgresSettings settings;
    private boolean stoppedOrphan;
    private int port;
    private boolean running;

    private LocalPostgres(Path folder, FolderLock lock, PostgresSettings settings) {
        this.privilegeDrop = PrivilegeDrop.detect();
        privilegeDrop.grantTraversal(folder);
        this.home = PostgresBinaries.unpackInto(privilegeDrop.cache());
        this.data = folder.resolve("data");
        this.log = folder.resolve("log");
        this.secret = folder.resolve("superuser");
        this.lock = lock;
        this.settings = settings;
    }

    /**
     * Starts the server and returns once it accepts connections. Uses the data in the folder, or creates new data if there is none.
     *
     * @param port the port to listen on, 0 for any free port
     */
    public static LocalPostgres start(Path folder, int port) {
        return start(folder, port, new PostgresSettings(false, null));
    }

    /**
     * Starts a server on any free port whose data is deleted with it, so nothing waits for the disk. A commit survives a crash of any
     * process, but not a crash of the machine.
     */
    public static LocalPostgres startDisposable(Path folder) {
        return start(folder, 0, new PostgresSettings(true, null));
    }

    /** The same with TLS. */
    public static LocalPostgres startDisposable(Path folder, ServerTls tls) {
        return start(folder, 0, new PostgresSettings(true, tls));
    }

    private static LocalPostgres start(Path folder, int port, PostgresSettings settings) {
        Path absolute = folder.toAbsolutePath().normalize();
        FolderLock lock = lock(absolute);
        try {
            LocalPostgres postgres = new LocalPostgres(absolute, lock, settings);
            postgres.start(port);
            return postgres;
        } catch (RuntimeException cause) {
            lock.close();
            throw cause;
        }
    }

    /**
     * Stops the server that a killed process left running on the data in the folder, if there is one.
     *
     * @return whether a server was found and stopped
     */
    public static boolean stopOrphaned(Path folder) {
        Path absolute = folder.toAbsolutePath().normalize();
        FolderLock lock = lock(absolute);
        try (lock) {
            LocalPostgres postgres = new LocalPostgres(absolute, lock, new PostgresSettings(false, null));
            postgres.stopOrphaned();
            return postgres.stoppedOrphan;
        } catch (IOException cause) {
            throw new UncheckedIOException(cause);
        }
    }

    /** Prepares a parent folder of the server's folder that is closed to other users. Necessary if root runs the server as another user. */
    public static void grantTraversal(Path parent) {
        PrivilegeDrop.detect().grantTraversal(parent);
    }

    public String host() {
        return HOST;
    }

    public int port() {
        return port;
    }

    /** Whether a server left running by an earlier, killed process was found and stopped at start. */
    public boolean stoppedOrphan() {
        return stoppedOrphan;
    }

    /** The URI of a database in the form that services expect, without user and password. */
    public String uri(String database) {
        return "postgresql://" + HOST + ":" + port + "/" + database;
    }

    /** The JDBC URL of a database, with user and password. */
    public String jdbcUrl(String database) {
        return "jdbc:" + uri(database) + "?user=" + USER + "&password=" + PASSWORD;
    }

    /**
     * The JDBC URL of a database for the superuser. Intended for operations of tests and the fault suite on the server, never for a
     * service.
     */
    public String superuserUrl(String database) {
        return roles().superuserUrl(database);
    }

    /** Creates the database unless it exists. */
    public void createDatabase(String name) {
        try (Connection connection = DriverManager.getConnection(jdbcUrl("postgres"));
                Statement statement = connection.createStatement()) {
            statement.execute("CREATE DATABASE \"" + name.replace("\"", "\"\"") + "\"");
        } catch (SQLException cause) {
            if (!"42P04".equals(cause.getSQLState())) {
                throw new IllegalStateException(
                        "cannot create the database " + name + ": " + cause.getMessage(), cause);
            }
        }
    }

    /** The process id of the postmaster, the parent of all other processes of the server. */
    public long pid() {
        try {
            return postmaster()
                    .orElseThrow(() -> new IllegalStateException("no Postgres server runs on " + data))
                    .pid();
        } catch (IOException cause) {
            throw new UncheckedIOException(cause);
        }
    }

    /** Starts the server again on the same port after it was killed. A server that still runs is stopped first. */
    public synchronized void restart() {
        running = false;
        start(port);
    }

    /** Stops the server: open sessions are ended and all committed data is on disk. A second call does nothing. */
    @Override
    public synchronized void close() {
        if (!running) {
            return;
        }
        running = false;
        try {
            stopServer();
        } catch (IOException cause) {
            throw new UncheckedIOException(cause);
        }
        lock.close();
    }

    private static FolderLock lock(Path folder) {
        PrivateFiles.createFolder(folder);
        return FolderLock.tryLock(folder)
                .orElseThrow(
                        () -> new IllegalStateException("another process already runs a Postgres server on " + folder));
    }

    private synchronized void start(int wanted) {
        try {
            stopOrphaned();
            createSuperuserPassword();
            if (!Files.exists(data.resolve("PG_VERSION"))) {
                initialise();
            }
            for (int attempt = 1; !running; attempt++) {
                port = wanted == 0 ? FreePorts.any() : wanted;
                settings.write(data, HOST, port);
                privilegeDrop.transferOwnership(data);
                Optional<String> problem = startServer();
                running = problem.isEmpty();
                if (problem.isPresent() && !(attempt < ATTEMPTS && isRetryable(problem.get(), wanted))) {
                    throw new IllegalStateException(
                            "Postgres did not start on " + HOST + ":" + port + ", see " + log + ": " + problem.get());
                }
            }
        } catch (IOException cause) {
            throw new UncheckedIOException("cannot prepare the folder " + data + ": " + cause.getMessage(), cause);
        }
        prepareRoles();
        LOGGER.atInfo().addKeyValue("port", port).addKeyValue("folder", data).log("Postgres started");
    }

    private void prepareRoles() {
        try {
            roles().prepare();
            if (settings.disposable()) {
                roles().grantOperations();
            }
        } catch (RuntimeException cause) {
            running = false;
            try {
                stopServer();
            } catch (IOException alsoFailed) {
                cause.addSuppressed(alsoFailed);
            }
            throw cause;
        }
    }

    private PostgresRoles roles() {
        try {
            return new PostgresRoles("jdbc:postgresql://" + HOST + ":" + port + "/", Files.readString(secret));
        } catch (IOException cause) {
            throw new UncheckedIOException("cannot read " + secret + ": " + cause.getMessage(), cause);
        }
    }

    // Written before the role exists on the server. A file without its role is repaired at the next start; a role
    // without its file could not be used any more.
    private void createSuperuserPassword() throws IOException {
        if (!Files.exists(secret)) {
            byte[] random = new byte[24];
            new SecureRandom().nextBytes(random);
            PrivateFiles.write(secret, HexFormat.of().formatHex(random));
        }
    }

    // Children of a killed postmaster keep its shared memory for a moment, and another process may take a port that was
    // just free.
    private static boolean isRetryable(String problem, int wanted) {
        return problem.contains("shared memory block") || (wanted == 0 && problem.contains("Address already in use"));
    }

    private void initialise() throws IOException {
        Folders.delete(data);
        Files.createDirectories(data);
        Path password = Files.createTempFile(data.resolveSibling(""), "password", "");
        try {
            Files.copy(secret, password, StandardCopyOption.REPLACE_EXISTING);
            privilegeDrop.transferOwnership(data);
            privilegeDrop.transferOwnership(password);
            List<String> arguments = new ArrayList<>(PostgresSettings.initArguments(settings.disposable()));
            arguments.addAll(
                    List.of("--pgdata=" + data, "--username=" + PostgresRoles.SUPERUSER, "--pwfile=" + password));
            Command.Result result = Command.run(program("initdb", arguments.toArray(String[]::new)), INIT_LIMIT);
            if (!result.succeeded()) {
                // PG_VERSION is one of the first files that initdb writes. Without this cleanup the next start would
                // treat the incomplete folder as initialised.
                Folders.delete(data);
                throw new IllegalStateException("initdb failed: " + result.output());
            }
        } finally {
            Files.deleteIfExists(password);
        }
    }

    // Returns the reason if the server did not start. pg_ctl starts the server in its own session, so Ctrl-C in the
    // terminal does not reach it.
    private Optional<String> startServer() throws IOException {
        PrivateFiles.write(log, "");
        privilegeDrop.transferOwnership(log);
        Command.Result result = Command.run(
                program(
                        "pg_ctl",
                        "start",
                        "-D",
                        data.toString(),
                        "-l",
                        log.toString(),
                        "-w",
                        "-t",
                        seconds(START_LIMIT)),
                START_LIMIT.plusSeconds(10));
        return result.succeeded() ? Optional.empty() : Optional.of(lastLines(log) + " (" + result.output() + ")");
    }

    /**
     * Stops a server that outlived the process that started it. It is stopped instead of adopted, so that this run's settings and port
     * apply and the sessions and slot readers of the dead process are certainly gone. This takes a fraction of a second.
     */
    private void stopOrphaned() throws IOException {
        Optional<ProcessHandle> owner = postmaster();
        if (owner.isPresent()) {
            LOGGER.atInfo()
                    .addKeyValue("pid", owner.get().pid())
                    .addKeyValue("folder", data)
                    .log("a Postgres server of an earlier run is still running and is stopped first");
            stoppedOrphan = true;
            stopServer();
        }
        // Otherwise Postgres refuses to start if another process has the recorded process id by now.
        Files.deleteIfExists(data.resolve("postmaster.pid"));
    }

    // Another process may have the recorded process id by now, so the process must also be a Postgres on exactly this
    // data.
    private Optional<ProcessHandle> postmaster() throws IOException {
        Path file = data.resolve("postmaster.pid");
        if (!Files.exists(file)) {
            return Optional.empty();
        }
        List<String> lines = Files.readAllLines(file, StandardCharsets.UTF_8);
        if (lines.isEmpty()) {
            return Optional.empty();
        }
        return ProcessHandle.of(Long.parseLong(lines.getFirst().strip()))
                .filter(process -> process.info().commandLine().orElse("").contains(data.toString()));
    }

    private void stopServer() throws IOException {
        // The server may have been killed already, which pg_ctl reports as a failure.
        if (postmaster().isEmpty()) {
            return;
        }
        for (String mode : settings.disposable() ? List.of("immediate") : List.of("fast", "immediate")) {
            Command.Result result = Command.run(
                    program("pg_ctl", "stop", "-D", data.toString(), "-m", mode, "-w", "-t", seconds(STOP_LIMIT)),
                    STOP_LIMIT.plusSeconds(10));
            // The server may also have been terminating while its postmaster.pid still existed.
            if (result.succeeded() || postmaster().isEmpty()) {
                return;
            }
            LOGGER.atWarn()
                    .addKeyValue("mode", mode)
                    .addKeyValue("output", result.output())
                    .log("Postgres did not stop");
        }
        throw new IllegalStateException("the Postgres server on " + data + " did not stop, see " + log);
    }

    private List<String> program(String name, String... arguments) {
        List<String> all =
                new ArrayList<>(List.of(home.resolve("bin").resolve(name).toString()));
        all.addAll(List.of(arguments));
        return privilegeDrop.command(all);
    }

    private static String seconds(Duration limit) {
        return String.valueOf(limit.toSeconds());
    }

    private static String lastLines(Path log) throws IOException {
        List<String> lines = new String(Files.readAllBytes(log), StandardCharsets.UTF_8)
                .lines()
                .toList();
        return String.join(" | ", lines.subList(Math.max(0, lines.size() - 5), lines.size()));
    }
}
