package dev.lockstep.messaging.deadletter;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.pgclient.PgException;
import java.util.Collections;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;

@DisplayNameGeneration(ReplaceUnderscores.class)
class FingerprintTest {
    @Test
    void message_and_line_number_do_not_change_the_fingerprint() {
        Throwable one = thrown("order 1");
        Throwable other = thrown("order 2");
        other.setStackTrace(shifted(other.getStackTrace()));

        assertThat(of(one)).isEqualTo(of(other)).matches("[0-9a-f]{16}");
    }

    @Test
    void method_cause_sqlstate_and_reason_change_the_fingerprint() {
        Throwable failure = thrown("x");

        assertThat(of(failure))
                .isNotEqualTo(of(new IllegalStateException("x")))
                .isNotEqualTo(of(new IllegalStateException("x", failure)))
                .isNotEqualTo(Fingerprint.of("group", "topic", "Hello", "OTHER", failure));
        assertThat(of(sql("23514"))).isNotEqualTo(of(sql("23505")));
    }

    @Test
    void hidden_classes_and_generated_numbers_do_not_count() {
        Throwable one = at("dev.acme.Greeter$$Lambda/0x00007f1c2c0a1b80", "lambda$handle$3");
        Throwable other = at("dev.acme.Greeter$$Lambda/0x00007e0000000d10", "lambda$handle$4");

        assertThat(of(one)).isEqualTo(of(other));
        assertThat(StackTraceSummary.of(one))
                .contains("dev.acme.Greeter$$Lambda.lambda$handle$3")
                .doesNotContain("0x");
    }

    @Test
    void a_stack_shows_the_application_and_its_causes_and_is_bounded() {
        Throwable failure = new IllegalStateException("outer", at("dev.acme.Greeter", "greet"));

        assertThat(StackTraceSummary.of(failure).lines())
                .contains(
                        "java.lang.IllegalStateException: outer",
                        "Caused by: java.lang.IllegalArgumentException: inner",
                        "    at dev.acme.Greeter.greet(Greeter.java:7)",
                        "    ... 1 more")
                .noneMatch(line -> line.contains("io.netty"));
        for (int i = 0; i < 5; i++) {
            failure = new IllegalStateException("outer", failure);
            failure.setStackTrace(
                    Collections.nCopies(1_000, frame("dev.acme.Deep", "down")).toArray(StackTraceElement[]::new));
        }
        assertThat(StackTraceSummary.of(failure).lines()).hasSize(30).contains("    ... 990 more");
        assertThat(StackTraceSummary.of(new IllegalStateException("x".repeat(100_000))))
                .hasSizeLessThan(8 * 1024 + 1);
    }

    private static String of(Throwable cause) {
        return Fingerprint.of("group", "topic", "Hello", "HANDLER_FAILED", cause);
    }

    private static Throwable thrown(String message) {
        return new IllegalStateException(message);
    }

    private static Throwable at(String className, String method) {
        Throwable failure = new IllegalArgumentException("inner");
        failure.setStackTrace(new StackTraceElement[] {
            frame(className, method), frame("io.netty.channel.EventLoop", "run"), frame(className, method)
        });
        return failure;
    }

    private static StackTraceElement frame(String className, String method) {
        return new StackTraceElement(className, method, "Greeter.java", 7);
    }

    private static StackTraceElement[] shifted(StackTraceElement[] frames) {
        for (int i = 0; i < frames.length; i++) {
            frames[i] = new StackTraceElement(
                    frames[i].getClassName(),
                    frames[i].getMethodName(),
                    frames[i].getFileName(),
                    frames[i].getLineNumber() + 3);
        }
        return frames;
    }

    private static PgException sql(String state) {
        return new PgException("it failed", "ERROR", state, "");
    }
}
