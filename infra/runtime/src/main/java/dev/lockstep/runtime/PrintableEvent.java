package dev.lockstep.runtime;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.IThrowableProxy;
import ch.qos.logback.classic.spi.LoggerContextVO;
import dev.lockstep.messaging.record.PrintableText;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Marker;
import org.slf4j.event.KeyValuePair;

/**
 * A log event whose texts are all {@link PrintableText} of bounded length, whatever its message, key-value pairs or exceptions contain. In
 * the text format it consists of one line and the lines of its stack trace.
 */
final class PrintableEvent implements ILoggingEvent {
    private static final int MAX_MESSAGE_LENGTH = 2_000;
    private static final int MAX_NAME_LENGTH = 200;
    private static final int MAX_VALUE_LENGTH = 2_000;
    // For all values together.
    private static final int MAX_TOTAL_VALUE_LENGTH = 4_000;
    private static final int MAX_PAIRS = 20;

    private final ILoggingEvent event;
    private final String message;
    private final List<KeyValuePair> pairs;
    private final @Nullable IThrowableProxy failure;

    PrintableEvent(ILoggingEvent event) {
        this.event = event;
        this.message = PrintableText.of(event.getFormattedMessage(), MAX_MESSAGE_LENGTH);
        this.pairs = printable(event.getKeyValuePairs());
        this.failure = PrintableThrowable.of(event.getThrowableProxy());
    }

    private static List<KeyValuePair> printable(@Nullable List<KeyValuePair> pairs) {
        if (pairs == null || pairs.isEmpty()) {
            return List.of();
        }
        List<KeyValuePair> printable = new ArrayList<>(Math.min(pairs.size(), MAX_PAIRS));
        int room = MAX_TOTAL_VALUE_LENGTH;
        for (KeyValuePair pair : pairs) {
            if (printable.size() == MAX_PAIRS) {
                printable.add(new KeyValuePair("left_out", pairs.size() - MAX_PAIRS));
                break;
            }
            Object value = printable(pair.value, Math.min(MAX_VALUE_LENGTH, room));
            printable.add(new KeyValuePair(PrintableText.of(pair.key, MAX_NAME_LENGTH), value));
            room = Math.max(0, room - (value instanceof String text ? text.length() : 0));
        }
        return printable;
    }

    // Numbers stay numbers in the JSON format.
    private static @Nullable Object printable(@Nullable Object value, int longest) {
        return value == null || value instanceof Number || value instanceof Boolean
                ? value
                : PrintableText.of(value.toString(), longest);
    }

    @Override
    public String getMessage() {
        return message;
    }

    @Override
    public String getFormattedMessage() {
        return message;
    }

    @Override
    public Object @Nullable [] getArgumentArray() {
        return null;
    }

    @Override
    public List<KeyValuePair> getKeyValuePairs() {
        return pairs;
    }

    @Override
    public @Nullable IThrowableProxy getThrowableProxy() {
        return failure;
    }

    @Override
    public String getThreadName() {
        return PrintableText.of(event.getThreadName(), MAX_NAME_LENGTH);
    }

    @Override
    public String getLoggerName() {
        return PrintableText.of(event.getLoggerName(), MAX_NAME_LENGTH);
    }

    @Override
    public Map<String, String> getMDCPropertyMap() {
        Map<String, String> given = event.getMDCPropertyMap();
        if (given == null || given.isEmpty()) {
            return Map.of();
        }
        Map<String, String> printable = new LinkedHashMap<>();
        given.forEach((key, value) ->
                printable.put(PrintableText.of(key, MAX_NAME_LENGTH), PrintableText.of(value, MAX_NAME_LENGTH)));
        return printable;
    }

    @Override
    @SuppressWarnings("deprecation") // ILoggingEvent still requires this method
    public Map<String, String> getMdc() {
        return getMDCPropertyMap();
    }

    @Override
    public Level getLevel() {
        return event.getLevel();
    }

    @Override
    public LoggerContextVO getLoggerContextVO() {
        return event.getLoggerContextVO();
    }

    @Override
    public StackTraceElement[] getCallerData() {
        return event.getCallerData();
    }

    @Override
    public boolean hasCallerData() {
        return event.hasCallerData();
    }

    @Override
    public List<Marker> getMarkerList() {
        return event.getMarkerList();
    }

    @Override
    public long getTimeStamp() {
        return event.getTimeStamp();
    }

    @Override
    public int getNanoseconds() {
        return event.getNanoseconds();
    }

    @Override
    public long getSequenceNumber() {
        return event.getSequenceNumber();
    }

    @Override
    public void prepareForDeferredProcessing() {
        event.prepareForDeferredProcessing();
    }
}
