package dev.lockstep.messaging.record;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@DisplayNameGeneration(ReplaceUnderscores.class)
class ErrorTextsTest {
    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            java.lang.IllegalStateException: card 4111 refused                 | java.lang.IllegalStateException: ***
            HANDLER_FAILED: java.lang.IllegalStateException: card 4111 refused | HANDLER_FAILED: java.lang.IllegalStateException: ***
            SEQUENCE_GAP: 0199 has not arrived                                 | SEQUENCE_GAP: ***
            java.lang.StackOverflowError                                       | java.lang.StackOverflowError: ***
            Errors of u123                                                     | ***
            userId must be u123                                                | ***
            4111: java.lang.IllegalStateException                              | ***
            """)
    void only_the_kind_of_an_error_remains(String error, String masked) {
        assertThat(ErrorTexts.masked(error)).isEqualTo(masked);
    }

    @Test
    void the_types_and_frames_of_a_stack_trace_remain() {
        String stack = """
                java.lang.IllegalStateException: card 4111
                of john.doe
                    and of jane.doe
                    at dev.lockstep.order.Order$Item.lambda$check$0(Order.java:12)
                    at app//dev.lockstep.order.Order.<init>(Unknown Source)
                    ... 17 more
                Caused by: java.lang.NullPointerException
                    at dev.lockstep.order.Order.pay(Order.java:34)""";

        assertThat(ErrorTexts.maskedStack(stack)).isEqualTo("""
                java.lang.IllegalStateException: ***
                    at dev.lockstep.order.Order$Item.lambda$check$0(Order.java:12)
                    at app//dev.lockstep.order.Order.<init>(Unknown Source)
                    ... 17 more
                Caused by: java.lang.NullPointerException
                    at dev.lockstep.order.Order.pay(Order.java:34)""");
    }
}
