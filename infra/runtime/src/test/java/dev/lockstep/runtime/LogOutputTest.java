package dev.lockstep.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.joran.JoranConfigurator;
import ch.qos.logback.classic.util.LogbackMDCAdapter;
import ch.qos.logback.core.joran.spi.JoranException;
import ch.qos.logback.core.status.Status;
import io.vertx.core.json.JsonObject;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.ResourceLock;
import org.junit.jupiter.api.parallel.Resources;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.Logger;

/** The output of logback with the configuration of the services. */
@DisplayNameGeneration(ReplaceUnderscores.class)
@ResourceLock(Resources.SYSTEM_OUT)
class LogOutputTest {
    private static final String FORGED = "2026-11-29T00:00:00.000Z ERROR dev.lockstep.Forged all money is gone";
    private static final String NASTY = "x\n" + FORGED + "\r\n\u001b[2J\u009b31m\u007f\u2028\u2029\u202e\u2066\0\ud800";

    private final ByteArrayOutputStream written = new ByteArrayOutputStream();
    private final PrintStream stdout = System.out;
    private final LoggerContext context = new LoggerContext();

    @BeforeEach
    void capture() {
        System.setOut(new PrintStream(written, true, StandardCharsets.UTF_8));
        context.setMDCAdapter(new LogbackMDCAdapter());
    }

    @AfterEach
    void release() {
        List<Status> errors = context.getStatusManager().getCopyOfStatusList().stream()
                .filter(status -> status.getEffectiveLevel() >= Status.ERROR)
                .toList();
        context.stop();
        System.setOut(stdout);
        assertThat(errors).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"text", "json"})
    void logged_text_cannot_forge_lines_or_send_terminal_escapes(String format) throws Exception {
        Logger logger = logger(format);

        logger.atWarn()
                .addKeyValue("type", NASTY)
                .addKeyValue("reason", List.of(NASTY))
                .addKeyValue(NASTY, 1)
                .log("a message is a dead letter");
        logger.warn("a library quotes {} in its message", NASTY);
        logger.atWarn().setCause(failure()).log(NASTY);

        String log = log();
        assertThat(log.codePoints().filter(each -> each != '\n' && each != '\t'))
                .noneMatch(each -> Character.isISOControl(each)
                        || each == 0x2028
                        || each == 0x2029
                        || each == 0xFFFD
                        || Character.getType(each) == Character.SURROGATE
                        || Character.getType(each) == Character.FORMAT);
        assertThat(log.lines())
                .noneMatch(line -> line.startsWith(FORGED) || line.startsWith("2026-11-29T00:00:00.000Z"));
        assertThat(log).contains("all money is gone");
        if (format.equals("json")) {
            assertThat(log.lines())
                    .hasSize(3)
                    .allSatisfy(line ->
                            assertThat(new JsonObject(line).getString("level")).isEqualTo("WARN"));
        } else {
            assertThat(log.lines().filter(line -> line.contains(" WARN "))).hasSize(3);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"text", "json"})
    void logged_text_is_bounded_in_length(String format) throws Exception {
        Logger logger = logger(format);

        logger.atWarn()
                .addKeyValue("type", "x".repeat(100_308))
                .addKeyValue("error", "y".repeat(1_000_000))
                .log("m".repeat(1_000_000));
        RuntimeException deep = failure();
        for (int i = 0; i < 100; i++) {
            deep = new IllegalStateException("z".repeat(100_000), deep);
            deep.addSuppressed(new IllegalStateException("s".repeat(100_000)));
        }
        logger.atWarn().setCause(deep).log("deep");

        assertThat(log().lines().filter(line -> !format.equals("json"))).allMatch(line -> line.length() < 8_000);
        assertThat(log().length()).isLessThan(150_000);
        assertThat(log()).contains("(98308 more characters)").contains("more characters)");
    }

    @Test
    void repeated_events_are_logged_up_to_a_limit_and_then_counted() throws Exception {
        Logger logger = logger("text");

        for (int i = 0; i < 30_000; i++) {
            logger.atWarn().addKeyValue("offset", i).log("a message is a dead letter");
        }
        logger.atError().log("something else is logged all the same");

        assertThat(log().lines().filter(line -> line.contains("a message is a dead letter")))
                .hasSize(20);
        assertThat(log()).contains("something else is logged all the same");
        await().atMost(Duration.ofSeconds(30))
                .untilAsserted(() -> assertThat(log().lines())
                        .filteredOn(line -> line.contains("repeated log events were suppressed"))
                        .singleElement()
                        .asString()
                        .contains("message=a message is a dead letter")
                        .contains("count=29980"));
    }

    @Test
    void events_of_one_logger_with_varying_templates_are_limited_too() throws Exception {
        Logger logger = logger("text");

        IntStream.range(0, 10_000).forEach(i -> logger.warn("row " + i + " could not be read"));
        logger.error("and this is why");

        assertThat(log().lines()).hasSize(101).last().asString().contains("and this is why");
    }

    @Test
    void events_below_info_are_not_limited() throws Exception {
        Logger logger = logger("text");
        context.getLogger("dev.lockstep").setLevel(ch.qos.logback.classic.Level.DEBUG);

        IntStream.range(0, 500).forEach(i -> logger.debug("detail"));

        assertThat(log().lines()).hasSize(500);
    }

    private static RuntimeException failure() {
        RuntimeException failure = new IllegalStateException(NASTY, new IOException(NASTY));
        failure.addSuppressed(new IllegalArgumentException(NASTY));
        return failure;
    }

    // The format is read from the environment, which a test cannot set.
    private Logger logger(String format) throws IOException, JoranException {
        String config;
        try (InputStream resource = Objects.requireNonNull(LogSetting.class.getResourceAsStream("/logback.xml"))) {
            config = new String(resource.readAllBytes(), StandardCharsets.UTF_8);
        }
        JoranConfigurator configurator = new JoranConfigurator();
        configurator.setContext(context);
        configurator.doConfigure(
                new ByteArrayInputStream(config.replace("${format}", format).getBytes(StandardCharsets.UTF_8)));
        return context.getLogger("dev.lockstep.test");
    }

    private String log() {
        return written.toString(StandardCharsets.UTF_8);
    }
}
