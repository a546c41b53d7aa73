package dev.lockstep.messaging.deadletter;

import io.vertx.pgclient.PgException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/** Summarises the stack trace of a failure, without the frames of the frameworks around the handler. */
final class StackTraceSummary {
    private static final int MAX_LINES = 30;
    // The limit for one failure of the chain, which leaves room for its causes.
    private static final int MAX_FRAMES = 10;
    private static final int MAX_CHARACTERS = 8 * 1024;
    private static final int MAX_MESSAGE_LENGTH = 300;
    private static final int MAX_CAUSES = 10;
    private static final int OUTLINED_FRAMES = 5;
    // The callers of every handler, and libraries that any handler may call.
    private static final List<String> FRAMEWORK_PREFIXES = List.of(
            "java.",
            "javax.",
            "jdk.",
            "sun.",
            "com.sun.",
            "io.netty.",
            "io.vertx.",
            "dev.lockstep.messaging.consumer.",
            "dev.lockstep.messaging.delivery.",
            "dev.lockstep.messaging.transaction.");
    // The name of a hidden class contains its address in memory, which differs after each start.
    private static final Pattern ADDRESS = Pattern.compile("(\\$\\$Lambda)[/$][0-9a-fx/]+");
    private static final Pattern NUMBER = Pattern.compile("\\d+");

    private StackTraceSummary() {}

    /** A text for operators: each failure of the chain with the frames of the application, at most 30 lines and 8 KiB. */
    static String of(Throwable failure) {
        List<String> lines = new ArrayList<>();
        String intro = "";
        for (Throwable each : chain(failure)) {
            lines.add(intro + each.getClass().getName() + message(each));
            int left = 0;
            int shown = 0;
            for (StackTraceElement frame : each.getStackTrace()) {
                if (shown >= MAX_FRAMES || isFrameworkFrame(frame)) {
                    left++;
                } else {
                    shown++;
                    addOmittedCount(lines, left);
                    left = 0;
                    lines.add("    at " + ADDRESS.matcher(frame.toString()).replaceAll("$1"));
                }
            }
            addOmittedCount(lines, left);
            intro = "Caused by: ";
        }
        return bounded(lines);
    }

    /** The parts that stay the same when a failure recurs: the types of the chain and the innermost methods of the application. */
    static List<String> outline(Throwable failure) {
        List<String> outline = new ArrayList<>();
        for (Throwable each : chain(failure)) {
            outline.add(each.getClass().getName()
                    + (each instanceof PgException postgres ? " " + postgres.getSqlState() : ""));
            int kept = 0;
            for (StackTraceElement frame : each.getStackTrace()) {
                if (kept < OUTLINED_FRAMES && !isFrameworkFrame(frame)) {
                    kept++;
                    outline.add(NUMBER.matcher(ADDRESS.matcher(frame.getClassName() + "." + frame.getMethodName())
                                    .replaceAll("$1"))
                            .replaceAll(""));
                }
            }
        }
        return outline;
    }

    private static List<Throwable> chain(Throwable failure) {
        List<Throwable> chain = new ArrayList<>();
        Set<Throwable> seen = Collections.newSetFromMap(new IdentityHashMap<>());
        for (Throwable each = failure;
                each != null && chain.size() < MAX_CAUSES && seen.add(each);
                each = each.getCause()) {
            chain.add(each);
        }
        return chain;
    }

    private static boolean isFrameworkFrame(StackTraceElement frame) {
        return FRAMEWORK_PREFIXES.stream().anyMatch(frame.getClassName()::startsWith);
    }

    private static void addOmittedCount(List<String> lines, int left) {
        if (left > 0) {
            lines.add("    ... " + left + " more");
        }
    }

    private static String message(Throwable failure) {
        String message = failure.getMessage();
        if (message == null) {
            return "";
        }
        return ": "
                + (message.length() <= MAX_MESSAGE_LENGTH ? message : message.substring(0, MAX_MESSAGE_LENGTH) + "...");
    }

    private static String bounded(List<String> lines) {
        String text = String.join("\n", lines.size() <= MAX_LINES ? lines : lines.subList(0, MAX_LINES));
        return text.length() <= MAX_CHARACTERS ? text : text.substring(0, MAX_CHARACTERS);
    }
}
