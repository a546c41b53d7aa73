package dev.lockstep.faults;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lockstep.embedded.LocalPostgres;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** Runs the auditor in a process of its own. It shares no code with the services or with the suite. */
final class Auditor {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Duration LIMIT = Duration.ofMinutes(4);
    private static final String MAIN_CLASS = "dev.lockstep.audit.AuditApp";

    private final Stack stack;

    Auditor(Stack stack) {
        this.stack = stack;
    }

    /**
     * The auditor's result.
     *
     * @param broken number of findings by name of the check, without the checks that hold
     * @param report the auditor's text report
     */
    record Verdict(Map<String, Long> broken, String report) {
        boolean holds() {
            return broken.isEmpty();
        }

        /** The number of findings of these checks. */
        long broken(String... checks) {
            long sum = 0;
            for (String check : checks) {
                sum += broken.getOrDefault(check, 0L);
            }
            return sum;
        }

        /** A short summary. */
        String summary() {
            return holds()
                    ? "holds"
                    : broken.entrySet().stream()
                            .map(each -> each.getKey() + " " + each.getValue())
                            .collect(Collectors.joining(", "));
        }
    }

    /**
     * Audits everything that ever happened on the stack.
     *
     * @param accepted ids of all orders that were answered 202
     * @throws FaultsException if the audit could not be run, or if its report contradicts its exit code
     */
    Verdict audit(Collection<String> accepted, Duration settle, boolean allowDeadLetters, boolean partitionsAdded) {
        try {
            Path ids = Files.write(stack.folder().resolve("accepted"), accepted);
            Path json = stack.folder().resolve("audit.json");
            Files.deleteIfExists(json);
            List<String> command = new ArrayList<>(List.of(
                    Commands.java(),
                    "-Xmx512m",
                    "-XX:+UseSerialGC",
                    "-Dlogback.configurationFile=dev/lockstep/faults/quiet-logback.xml",
                    "-cp",
                    System.getProperty("java.class.path"),
                    MAIN_CLASS,
                    "--postgres-port",
                    String.valueOf(stack.postgres().port()),
                    "--kafka",
                    stack.bootstrapServers(),
                    "--accepted",
                    ids.toString(),
                    "--settle",
                    settle.toString(),
                    "--json",
                    json.toString()));
            if (allowDeadLetters) {
                command.add("--allow-dead-letters");
            }
            if (partitionsAdded) {
                command.add("--partitions-added");
            }
            // Other users of the machine see the arguments of a process, and not its environment.
            Map<String, String> login =
                    Map.of("POSTGRES_USER", LocalPostgres.USER, "POSTGRES_PASSWORD", LocalPostgres.PASSWORD);
            Commands.Result result = Commands.run(command, login, LIMIT);
            if (result.exitCode() != 0 && result.exitCode() != 1) {
                throw new FaultsException(
                        "the auditor failed with exit code " + result.exitCode() + ": " + result.output());
            }
            return verdict(JSON.readTree(json.toFile()), result);
        } catch (IOException cause) {
            throw new UncheckedIOException(cause);
        }
    }

    private static Verdict verdict(JsonNode report, Commands.Result result) {
        Map<String, Long> broken = new LinkedHashMap<>();
        for (JsonNode check : report.get("checks")) {
            if (!check.get("holds").asBoolean()) {
                broken.put(
                        check.get("name").asText(),
                        Math.max(1, check.get("broken").asLong()));
            }
        }
        if (broken.isEmpty() != (result.exitCode() == 0)) {
            throw new FaultsException("the auditor's report contradicts its exit code " + result.exitCode());
        }
        return new Verdict(broken, result.output());
    }
}
