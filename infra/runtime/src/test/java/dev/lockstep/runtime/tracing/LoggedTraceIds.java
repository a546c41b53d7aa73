package dev.lockstep.runtime.tracing;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import java.util.List;
import java.util.stream.Stream;
import org.slf4j.LoggerFactory;

/** The trace ids in the events of a logger. */
public final class LoggedTraceIds implements AutoCloseable {
    private final Logger logger;
    private final ListAppender<ILoggingEvent> events = new ListAppender<>();

    public LoggedTraceIds(String logger) {
        this.logger = (Logger) LoggerFactory.getLogger(logger);
        events.start();
        this.logger.addAppender(events);
    }

    /** The value of {@code traceId} in each event that has one. */
    public List<String> all() {
        return events.list.stream()
                .flatMap(event -> event.getKeyValuePairs() == null ? Stream.empty() : event.getKeyValuePairs().stream())
                .filter(pair -> pair.key.equals("traceId"))
                .map(pair -> String.valueOf(pair.value))
                .toList();
    }

    @Override
    public void close() {
        logger.detachAppender(events);
    }
}
