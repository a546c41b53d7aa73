package dev.lockstep.runtime;

import ch.qos.logback.classic.spi.IThrowableProxy;
import ch.qos.logback.classic.spi.StackTraceElementProxy;
import dev.lockstep.messaging.record.PrintableText;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** An exception as it is logged: with printable messages, and with a limited number of frames, causes and suppressed exceptions. */
final class PrintableThrowable implements IThrowableProxy {
    private static final int MAX_MESSAGE_LENGTH = 1_000;
    private static final int MAX_NAME_LENGTH = 500;
    private static final int MAX_FRAMES = 30;
    private static final int MAX_DEPTH = 5;
    private static final int MAX_SUPPRESSED = 3;

    private final IThrowableProxy failure;
    private final String message;
    private final StackTraceElementProxy[] frames;
    private final @Nullable IThrowableProxy cause;
    private final IThrowableProxy[] suppressed;

    private PrintableThrowable(IThrowableProxy failure, int depth) {
        this.failure = failure;
        this.message = PrintableText.of(failure.getMessage(), MAX_MESSAGE_LENGTH);
        this.frames = printable(failure.getStackTraceElementProxyArray());
        this.cause = of(failure.getCause(), depth + 1);
        this.suppressed = suppressed(failure.getSuppressed(), depth + 1);
    }

    static @Nullable IThrowableProxy of(@Nullable IThrowableProxy failure) {
        return of(failure, 0);
    }

    private static @Nullable IThrowableProxy of(@Nullable IThrowableProxy failure, int depth) {
        return failure == null || depth == MAX_DEPTH ? null : new PrintableThrowable(failure, depth);
    }

    private static IThrowableProxy[] suppressed(IThrowableProxy @Nullable [] all, int depth) {
        if (all == null || depth == MAX_DEPTH) {
            return new IThrowableProxy[0];
        }
        return Arrays.stream(all)
                .limit(MAX_SUPPRESSED)
                .map(each -> new PrintableThrowable(each, depth))
                .toArray(IThrowableProxy[]::new);
    }

    private static StackTraceElementProxy[] printable(StackTraceElementProxy @Nullable [] frames) {
        return frames == null
                ? new StackTraceElementProxy[0]
                : Arrays.stream(frames)
                        .limit(MAX_FRAMES)
                        .map(PrintableThrowable::printable)
                        .toArray(StackTraceElementProxy[]::new);
    }

    // Classes generated at run time can have arbitrary names.
    private static StackTraceElementProxy printable(StackTraceElementProxy proxy) {
        StackTraceElement frame = proxy.getStackTraceElement();
        String text = frame.toString();
        if (PrintableText.of(text, MAX_NAME_LENGTH).equals(text)) {
            return proxy;
        }
        return new StackTraceElementProxy(new StackTraceElement(
                PrintableText.of(frame.getClassName(), MAX_NAME_LENGTH),
                PrintableText.of(frame.getMethodName(), MAX_NAME_LENGTH),
                PrintableText.of(frame.getFileName(), MAX_NAME_LENGTH),
                frame.getLineNumber()));
    }

    @Override
    public String getMessage() {
        return message;
    }

    @Override
    public String getClassName() {
        return PrintableText.of(failure.getClassName(), MAX_NAME_LENGTH);
    }

    @Override
    public StackTraceElementProxy[] getStackTraceElementProxyArray() {
        return frames;
    }

    // Counts only the frames that are shown.
    @Override
    public int getCommonFrames() {
        return Math.clamp(failure.getCommonFrames(), 0, frames.length);
    }

    @Override
    public @Nullable IThrowableProxy getCause() {
        return cause;
    }

    @Override
    public IThrowableProxy[] getSuppressed() {
        return suppressed;
    }

    @Override
    public boolean isCyclic() {
        return failure.isCyclic();
    }
}
