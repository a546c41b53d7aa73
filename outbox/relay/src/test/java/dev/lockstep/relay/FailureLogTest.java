package dev.lockstep.relay;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import java.sql.SQLException;
import java.time.Duration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;

@DisplayNameGeneration(ReplaceUnderscores.class)
class FailureLogTest {
    private final ListAppender<ILoggingEvent> lines = new ListAppender<>();
    private long now = 1;
    private FailureLog log = new FailureLog(logger(), "slot", () -> now);

    private Logger logger() {
        LoggerContext context = new LoggerContext();
        Logger logger = context.getLogger("test");
        logger.setLevel(Level.INFO);
        lines.setContext(context);
        logger.addAppender(lines);
        return logger;
    }

    @BeforeEach
    void start() {
        lines.start();
    }

    @Test
    void repeated_failures_of_a_kind_are_logged_once_a_minute_with_their_count() {
        for (int second = 0; second < 61; second++) {
            log.warn("relay stopped leading", failure("at position 0/" + second));
            now += Duration.ofSeconds(1).toNanos();
        }

        assertThat(lines.list).hasSize(2);
        assertThat(lines.list.getLast().getKeyValuePairs().toString()).contains("suppressed=\"59\"");
    }

    @Test
    void different_failures_are_logged_separately() {
        log.warn("relay stopped leading", failure("one"));
        log.warn("relay stopped leading", failure("another"));
        log.warn("relay cannot lead", failure("one"));

        assertThat(lines.list).hasSize(3);
    }

    @Test
    void only_a_new_kind_of_failure_is_logged_with_a_stack_trace() {
        log.warn("relay stopped leading", failure("one"));
        now += Duration.ofMinutes(2).toNanos();
        log.warn("relay stopped leading", failure("one"));
        now += Duration.ofMinutes(31).toNanos();
        log.warn("relay stopped leading", failure("one"));

        assertThat(lines.list)
                .extracting(line -> line.getThrowableProxy() != null)
                .containsExactly(true, false, true);
    }

    @Test
    void failures_of_postgres_are_logged_without_a_stack_trace() {
        log.warn("relay stopped leading", new RelayException("the engine failed", new SQLException("killed", "57P01")));
        log.warn("relay stopped leading", new RelayException("publication was dropped", null));

        assertThat(lines.list).hasSize(2).allMatch(line -> line.getThrowableProxy() == null);
    }

    private static RuntimeException failure(String text) {
        return new IllegalStateException(text);
    }
}
