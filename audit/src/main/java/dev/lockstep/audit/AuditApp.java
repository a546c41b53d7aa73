package dev.lockstep.audit;

import dev.lockstep.audit.AuditPlan.Sources;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.format.DateTimeParseException;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** The auditor's command line: parses the options, prints the report and returns an exit code. */
@Command(
        name = "audit",
        description = {
            "Checks that a running or stopped Lockstep keeps its guarantees: every accepted order ends once, stock and"
                    + " money are conserved, every outbox row is on Kafka in order, and nothing takes effect twice. The"
                    + " audit only reads.",
            ""
        },
        usageHelpWidth = 110,
        sortOptions = false,
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {
            "0:all checks hold; without a wait (--settle=0), work in progress is not judged",
            "1:a guarantee is violated; the report names it and says where to look next",
            "2:wrong options, or Postgres or Kafka cannot be reached"
        })
public final class AuditApp implements Callable<Integer> {
    private static final int HOLDS = 0;
    private static final int BROKEN = 1;
    private static final int ERROR = 2;

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli injects it before it calls any method
    private CommandSpec spec;

    @Mixin
    private final PostgresOptions postgres = new PostgresOptions();

    @Option(
            names = "--orders-db",
            paramLabel = "DB",
            defaultValue = "orders",
            description = "database name, or postgresql://host:port/name for another server; default: ${DEFAULT-VALUE}")
    private String ordersDb = "";

    @Option(
            names = "--inventory-db",
            paramLabel = "DB",
            defaultValue = "inventory",
            description = "default: ${DEFAULT-VALUE}")
    private String inventoryDb = "";

    @Option(
            names = "--payments-db",
            paramLabel = "DB",
            defaultValue = "payments",
            description = "default: ${DEFAULT-VALUE}")
    private String paymentsDb = "";

    @Option(names = "--sagas-db", paramLabel = "DB", defaultValue = "sagas", description = "default: ${DEFAULT-VALUE}")
    private String sagasDb = "";

    @Option(
            names = "--kafka",
            paramLabel = "HOST:PORT",
            defaultValue = "${env:KAFKA_BOOTSTRAP_SERVERS:-127.0.0.1:9092}",
            description =
                    "bootstrap servers, separated by commas; default: $$KAFKA_BOOTSTRAP_SERVERS, else 127.0.0.1:9092")
    private String kafka = "";

    @Option(
            names = "--kafka-properties",
            paramLabel = "FILE",
            description = "Kafka client properties, for example for TLS and SASL")
    private @Nullable Path kafkaProperties;

    @Option(
            names = "--accepted",
            paramLabel = "FILE",
            description = "ids of orders that clients received a 202 for, one per line; - reads standard input")
    private @Nullable Path accepted;

    @Option(
            names = "--settle",
            paramLabel = "DURATION",
            defaultValue = "30s",
            converter = DurationOption.class,
            description = {
                "how long to wait for work in progress to complete, such as 500ms, 30s, 2m or PT30S. The audit"
                        + " continues as soon as no such work is left. Work that is still in progress after this time"
                        + " is reported as stuck. With 0 the audit does not wait and reports nothing as stuck. default:"
                        + " ${DEFAULT-VALUE}"
            })
    private Duration settle = Duration.ZERO;

    @Option(
            names = "--only",
            paramLabel = "CHECK",
            split = ",",
            converter = CheckOption.class,
            description = "only these checks, out of settled,accepted,stock,money,relayed,order,gaps,once,letters")
    private List<Check> only = List.of();

    @Option(
            names = "--allow-dead-letters",
            description = "counts open dead letters without reporting them, for example because they are known")
    private boolean allowDeadLetters;

    @Option(
            names = "--partitions-added",
            description = "partitions were added to topics, so the messages of a key may be in several partitions")
    private boolean partitionsAdded;

    @Option(
            names = "--most",
            paramLabel = "N",
            defaultValue = "20",
            description = "maximum number of findings shown for each check; all are counted; default: ${DEFAULT-VALUE}")
    private int most;

    @Option(names = "--json", paramLabel = "FILE", description = "also writes the report as JSON")
    private @Nullable Path json;

    @Option(names = "--help", usageHelp = true, description = "shows this help")
    @SuppressWarnings("UnusedVariable") // picocli reads it
    private boolean help;

    private AuditApp() {}

    public static void main(String[] options) {
        // The libraries log through SLF4J without a provider. Neither their logs nor SLF4J's warning about that belong
        // in the output.
        System.setProperty("slf4j.internal.verbosity", "ERROR");
        // checkstyle off: consoleOutput, the command prints its report
        PrintWriter out = new PrintWriter(System.out, true, StandardCharsets.UTF_8);
        PrintWriter err = new PrintWriter(System.err, true, StandardCharsets.UTF_8);
        // checkstyle on: consoleOutput
        System.exit(run(out, err, options));
    }

    /** Runs an audit and returns the exit code. Prints the report to {@code out}, or the reason why there is none to {@code err}. */
    public static int run(PrintWriter out, PrintWriter err, String... options) {
        return new CommandLine(new AuditApp())
                .setOut(out)
                .setErr(err)
                // The last occurrence of an option wins, so an operator can override an option of a script.
                .setOverwrittenOptionsAllowed(true)
                .setParameterExceptionHandler((cause, arguments) -> {
                    err.println(Printable.of(cause.getMessage()) + "; --help lists the options");
                    return ERROR;
                })
                .setExecutionExceptionHandler((cause, command, parsed) -> {
                    if (cause instanceof AuditException) {
                        err.println(Printable.of(cause.getMessage()));
                    } else {
                        err.println("internal error of the auditor:");
                        stackTrace(cause).lines().map(Printable::of).forEach(err::println);
                    }
                    err.flush();
                    return ERROR;
                })
                .execute(options);
    }

    private static String stackTrace(Throwable cause) {
        StringWriter text = new StringWriter();
        cause.printStackTrace(new PrintWriter(text));
        return text.toString();
    }

    @Override
    public Integer call() {
        Report report = Audit.run(plan());
        if (json != null) {
            ReportJson.write(report, json);
        }
        spec.commandLine().getOut().print(ReportText.of(report));
        spec.commandLine().getOut().flush();
        return report.holds() ? HOLDS : BROKEN;
    }

    private AuditPlan plan() {
        if (most < 0) {
            throw new CommandLine.ParameterException(
                    spec.commandLine(), "--most must not be negative, but was " + most);
        }
        Map<ServiceRole, DatabaseAddress> databases = new EnumMap<>(ServiceRole.class);
        databases.put(ServiceRole.ORDER, address("--orders-db", ordersDb));
        databases.put(ServiceRole.INVENTORY, address("--inventory-db", inventoryDb));
        databases.put(ServiceRole.PAYMENT, address("--payments-db", paymentsDb));
        databases.put(ServiceRole.SAGA, address("--sagas-db", sagasDb));
        Set<Check> checks = only.isEmpty() ? EnumSet.allOf(Check.class) : EnumSet.copyOf(only);
        return new AuditPlan(
                new Sources(databases, kafkaProperties(), accepted),
                settle,
                checks,
                most,
                allowDeadLetters,
                partitionsAdded);
    }

    private DatabaseAddress address(String option, String value) {
        if (!value.contains("://")) {
            return new DatabaseAddress(option, postgres.host(), postgres.port(), value, login());
        }
        try {
            URI uri = new URI(value);
            if (!"postgresql".equals(uri.getScheme())
                    || uri.getHost() == null
                    || uri.getPath().length() < 2) {
                throw new URISyntaxException(value, "not a database address");
            }
            return new DatabaseAddress(
                    option,
                    uri.getHost(),
                    uri.getPort() < 0 ? postgres.port() : uri.getPort(),
                    uri.getPath().substring(1),
                    login());
        } catch (URISyntaxException cause) {
            throw new CommandLine.ParameterException(
                    spec.commandLine(),
                    option + " must be a database name or postgresql://host:port/name, but was \"" + value + "\"",
                    cause);
        }
    }

    private DatabaseAddress.Login login() {
        return new DatabaseAddress.Login(postgres.user(), postgres.password(), postgres.tls());
    }

    private Properties kafkaProperties() {
        Properties properties = new Properties();
        if (kafkaProperties != null) {
            try (InputStream in = Files.newInputStream(kafkaProperties)) {
                properties.load(in);
            } catch (IOException cause) {
                throw new AuditException(
                        "cannot read " + kafkaProperties + " (--kafka-properties): " + cause.getMessage(), cause);
            }
        }
        // A bootstrap.servers entry in the properties file takes precedence over the default, but not over an explicit
        // --kafka.
        if (spec.commandLine().getParseResult().hasMatchedOption("--kafka")
                || !properties.containsKey("bootstrap.servers")) {
            properties.setProperty("bootstrap.servers", kafka);
        }
        return properties;
    }

    /** Accepts {@code 30s} as well as {@code PT30S}. */
    static final class DurationOption implements CommandLine.ITypeConverter<Duration> {
        @Override
        public Duration convert(String text) {
            String value = text.strip().toLowerCase(Locale.ROOT);
            try {
                Duration duration = value.equals("0")
                        ? Duration.ZERO
                        : value.endsWith("ms") && !value.startsWith("p")
                                ? Duration.ofMillis(Long.parseLong(value.substring(0, value.length() - 2)))
                                : Duration.parse(value.startsWith("p") ? value : "pt" + value);
                if (duration.isNegative()) {
                    throw new CommandLine.TypeConversionException("must not be negative, but was \"" + text + "\"");
                }
                return duration;
            } catch (DateTimeParseException | NumberFormatException cause) {
                throw new CommandLine.TypeConversionException(
                        "must be a duration such as 500ms, 30s, 2m or PT30S, but was \"" + text + "\"");
            }
        }
    }

    /** Accepts the name of a check. */
    static final class CheckOption implements CommandLine.ITypeConverter<Check> {
        @Override
        public Check convert(String name) {
            try {
                return Check.of(name.strip());
            } catch (IllegalArgumentException cause) {
                throw new CommandLine.TypeConversionException(String.valueOf(cause.getMessage()));
            }
        }
    }
}
