package dev.lockstep.runtime;

import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.Context;
import ch.qos.logback.core.Layout;
import ch.qos.logback.core.encoder.EncoderBase;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;

/**
 * The encoder of every appender. Its events can neither forge a line nor control the terminal nor fill the disk (see {@link
 * PrintableEvent}), and of repeated events only the first ones are written (see {@link LogRateLimiter}).
 *
 * <pre>{@code
 * <encoder class="dev.lockstep.runtime.PrintableEncoder">
 *     <layout class="ch.qos.logback.classic.PatternLayout">...</layout>
 * </encoder>
 * }</pre>
 */
public final class PrintableEncoder extends EncoderBase<ILoggingEvent> {
    private static final String LIMIT = PrintableEncoder.class.getName() + ".limit";
    private static final int MAX_PER_TEMPLATE = 20;
    private static final int MAX_PER_LOGGER = 100;
    private static final long WINDOW_MILLIS = 10_000;
    private static final int MAX_SUMMARIES = 20;
    private static final byte[] NOTHING = {};

    private @Nullable Layout<ILoggingEvent> layout;
    private @Nullable LogRateLimiter limit;

    /** Called by logback. */
    public void setLayout(Layout<ILoggingEvent> layout) {
        this.layout = layout;
    }

    @Override
    public void start() {
        if (layout == null) {
            addError(PrintableEncoder.class.getName() + " requires a <layout>");
            return;
        }
        limit = sharedLimit(getContext());
        super.start();
    }

    // Shared by all appenders: an event that goes to two appenders counts once.
    private static synchronized LogRateLimiter sharedLimit(Context context) {
        if (context.getObject(LIMIT) instanceof LogRateLimiter shared) {
            return shared;
        }
        LogRateLimiter created =
                new LogRateLimiter(MAX_PER_TEMPLATE, MAX_PER_LOGGER, WINDOW_MILLIS, () -> scheduleWindowEnd(context));
        context.putObject(LIMIT, created);
        return created;
    }

    private static void scheduleWindowEnd(Context context) {
        try {
            var _ = context.getScheduledExecutorService()
                    .schedule(() -> endWindow(context), WINDOW_MILLIS, TimeUnit.MILLISECONDS);
        } catch (RejectedExecutionException stopping) {
            // Logging is shutting down, so there is nothing left to report to.
        }
    }

    private static void endWindow(Context context) {
        if (!(context instanceof LoggerContext loggers)
                || !(context.getObject(LIMIT) instanceof LogRateLimiter shared)) {
            return;
        }
        Logger logger = loggers.getLogger(LogRateLimiter.class);
        List<LogRateLimiter.SuppressedEvents> all = shared.endWindow();
        all.stream()
                .limit(MAX_SUMMARIES)
                .forEach(each -> logger.atWarn()
                        .addKeyValue("logger", each.logger())
                        .addKeyValue("message", each.template() == null ? "various" : each.template())
                        .addKeyValue("count", each.events())
                        .addKeyValue("seconds", WINDOW_MILLIS / 1000)
                        .log("repeated log events were suppressed"));
        if (all.size() > MAX_SUMMARIES) {
            logger.atWarn()
                    .addKeyValue(
                            "count",
                            all.stream()
                                    .skip(MAX_SUMMARIES)
                                    .mapToLong(LogRateLimiter.SuppressedEvents::events)
                                    .sum())
                    .log("log events of further kinds were suppressed");
        }
    }

    @Override
    public byte[] encode(ILoggingEvent event) {
        if (layout == null || limit == null || !limit.isAllowed(event)) {
            return NOTHING;
        }
        return layout.doLayout(new PrintableEvent(event)).getBytes(StandardCharsets.UTF_8);
    }

    @Override
    public byte[] headerBytes() {
        return NOTHING;
    }

    @Override
    public byte[] footerBytes() {
        return NOTHING;
    }
}
