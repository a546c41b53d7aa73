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
 * A Postgres server of our own on 127.0.0.1, whose data stay in one folder between runs. It is a child of this JVM but not of
 * its terminal: Ctrl-C does not reach it, so whoever uses it can finish first and then {@link #close()} it.
 *
 * <p>In the folder, which is closed to other users of the machine: {@code data} (the server's), {@code log}, {@code lock}, and
 * {@code superuser}, the password of a role that only {@link #superuserUrl} uses. {@link #USER} may create databases and replicate them.
 */
public final class LocalPostgres implements AutoCloseable {
    public static final String USER = "lockstep";
    public static final String PASSWORD = "lockstep";

    private static final Logger LOGGER = LoggerFactory.getLogger(LocalPostgres.class);
    private static final String HOST = "127.0.0.1";
    private static final int ATTEMPTS = 5;
    private static final Duration INIT_LIMIT = Duration.ofMinutes(2);
    // Long enough to replay what a crash left behind.
    private static final Duration START_LIMIT = Duration.ofMinutes(5);
    private static final Duration STOP_LIMIT = Duration.ofSeconds(30);

    private final Path home;
    private final Path data;
    private final Path log;
    private final Path secret;
    private final PrivilegeDrop privilegeDrop;
    private final FolderLock lock;
    private final boolean disposable;
    private boolean stoppedOrphan;
    private int port;
    private boolean running;

    private LocalPostgres(Path folder, FolderLock lock, boolean disposable) {
        this.privilegeDrop = PrivilegeDrop.detect();
        privilegeDrop.grantTraversal(folder);
        this.home = PostgresBinaries.unpackInto(privilegeDrop.cache());
        this.data = folder.resolve("data");
        this.log = folder.resolve("log");
        this.secret = folder.resolve("superuser");
        this.lock = lock;
        this.disposable = disposable;
    }

    /**
     * Starts the server on the data in the folder, or on new data if there are none, and returns once it takes connections.
     *
     * @param port the port to listen on, 0 for any free one
     */
    public static LocalPostgres start(Path folder, int port) {
        return start(folder, port, false);
    }

    /**
     * The same on any free port for data that go with the server: nothing waits for the disk. A commit still survives the death of
     * every process, only not that of the machine.
     */
    static LocalPostgres startDisposable(Path folder) {
        return start(folder, 0, true);
    }

    private static LocalPostgres start(Path folder, int port, boolean disposable) {
        Path absolute = folder.toAbsolutePath().normalize();
        FolderLock lock = lock(absolute);
        try {
            LocalPostgres postgres = new LocalPostgres(absolute, lock, disposable);
            postgres.start(port);
            return postgres;
        } catch (RuntimeException cause) {
            lock.close();
            throw cause;
        }
    }

    /**
     * Stops the server that a killed process left running on the folder's data, if there is one.
     *
     * @return whether there was one
     */
    public static boolean stopOrphaned(Path folder) {
        Path absolute = folder.toAbsolutePath().normalize();
        FolderLock lock = lock(absolute);
        try (lock) {
            LocalPostgres postgres = new LocalPostgres(absolute, lock, false);
            postgres.stopOrphaned();
            return postgres.stoppedOrphan;
        } catch (IOException cause) {
            throw new UncheckedIOException(cause);
        }
    }

    /**
     * Prepares a folder of the caller's that is closed to others and that the server's folder will be in: root runs the server as
     * another user where it has to.
     */
    public static void grantTraversal(Path parent) {
        PrivilegeDrop.detect().grantTraversal(parent);
    }

    public String host() {
        return HOST;
    }

    public int port() {
        return port;
    }

    /** Whether a server that an earlier, killed process had left running was found and stopped at the start. */
    public boolean stoppedOrphan() {
        return stoppedOrphan;
    }

    /** The address of a database as the services are told it: without user and password. */
    public String uri(String database) {
        return "postgresql://" + HOST + ":" + port + "/" + database;
    }

    /** The address of a database for JDBC, with user and password in it. */
    public String jdbcUrl(String database) {
        return "jdbc:" + uri(database) + "?user=" + USER + "&password=" + PASSWORD;
    }

    /** The address of a database for JDBC, as the superuser: for what tests and the fault suite do to a server, never for a service. */
    public String superuserUrl(String database) {
        return roles().superuserUrl(database);
    }

    /** Creates the database unless there is one of that name. */
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

    /** The number of the server's first process, which all others are children of. */
    public long pid() {
        try {
            return postmaster()
                    .orElseThrow(() -> new IllegalStateException("no Postgres runs on " + data))
                    .pid();
        } catch (IOException cause) {
            throw new UncheckedIOException(cause);
        }
    }

    /** Starts the server again on the same port after somebody killed it. One that still runs is stopped first. */
    public synchronized void restart() {
        running = false;
        start(port);
    }

    /** Stops the server: open sessions are ended, everything committed is on disk. Closing again does nothing. */
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
                .orElseThrow(() -> new IllegalStateException("another process already runs a Postgres on " + folder));
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
                PrivateFiles.write(
                        data.resolve("postgresql.conf"),
                        lines(PostgresSettings.serverSettings(HOST, port, disposable)));
                PrivateFiles.write(data.resolve("pg_hba.conf"), lines(PostgresSettings.hbaRules()));
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
        LOGGER.atInfo().addKeyValue("port", port).addKeyValue("folder", data).log("Postgres is up");
    }

    private void prepareRoles() {
        try {
            roles().prepare();
            if (disposable) {
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

    // Before the server knows it: a file without a role is put right at the next start, a role without a file is lost.
    private void createSuperuserPassword() throws IOException {
        if (!Files.exists(secret)) {
            byte[] random = new byte[24];
            new SecureRandom().nextBytes(random);
            PrivateFiles.write(secret, HexFormat.of().formatHex(random));
        }
    }

    private static String lines(List<String> lines) {
        return String.join("\n", lines) + "\n";
    }

    // A killed postmaster's children hold on to its shared memory for a moment, and somebody else may take a port that
    // was free.
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
            Command.Result result = Command.run(
                    program(
                            "initdb",
                            "--pgdata=" + data,
                            "--username=" + PostgresRoles.SUPERUSER,
                            "--pwfile=" + password,
                            "--auth=scram-sha-256",
                            "--encoding=UTF8",
                            disposable ? "--no-sync" : "--sync-method=fsync",
                            "--no-locale",
                            "--locale-provider=builtin",
                            "--builtin-locale=C.UTF-8"),
                    INIT_LIMIT);
            if (!result.succeeded()) {
                // PG_VERSION is among the first files: without this the next start would take the half for the whole.
                Folders.delete(data);
                throw new IllegalStateException("initdb failed: " + result.output());
            }
        } finally {
            Files.deleteIfExists(password);
        }
    }

    // The reason, if it did not start. pg_ctl gives the server a session of its own, which keeps the terminal's Ctrl-C
    // away from it.
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
     * Stops a server that outlived the process which had started it. Stopped, not adopted: this run's settings and port then
     * hold, the dead process's sessions and slot readers are gone for certain, and it costs a fraction of a second.
     */
    private void stopOrphaned() throws IOException {
        Optional<ProcessHandle> owner = postmaster();
        if (owner.isPresent()) {
            LOGGER.atInfo()
                    .addKeyValue("pid", owner.get().pid())
                    .addKeyValue("folder", data)
                    .log("a Postgres of an earlier run is still up and is stopped first");
            stoppedOrphan = true;
            stopServer();
        }
        // Otherwise it refuses to start if by now an unrelated process has the number that is written there.
        Files.deleteIfExists(data.resolve("postmaster.pid"));
    }

    // The number in the file may meanwhile be anybody's, so the process must also be a Postgres on exactly these data.
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
        // Somebody may have killed it, and pg_ctl takes that for a failure.
        if (postmaster().isEmpty()) {
            return;
        }
        for (String mode : disposable ? List.of("immediate") : List.of("fast", "immediate")) {
            Command.Result result = Command.run(
                    program("pg_ctl", "stop", "-D", data.toString(), "-m", mode, "-w", "-t", seconds(STOP_LIMIT)),
                    STOP_LIMIT.plusSeconds(10));
            // Or it was dying just then, and its file is still there.
            if (result.succeeded() || postmaster().isEmpty()) {
                return;
            }
            LOGGER.atWarn()
                    .addKeyValue("mode", mode)
                    .addKeyValue("output", result.output())
                    .log("Postgres does not stop");
        }
        throw new IllegalStateException("the Postgres on " + data + " does not stop, its log is " + log);
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
