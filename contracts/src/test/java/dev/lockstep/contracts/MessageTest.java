package dev.lockstep.contracts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

@DisplayNameGeneration(ReplaceUnderscores.class)
class MessageTest {
    private static final List<OrderItem> ITEMS = List.of(new OrderItem("p1", 2));
    private static final List<String> UNPRINTABLE =
            List.of("\0", "\n", "\u001f", "\u007f", "\u0085", "\u009f", "\ud800", "\udfff", "\ud83d");
    private static final Money TOTAL = new Money(2000, "KRW");

    @ParameterizedTest
    @MethodSource("samples")
    void a_missing_field_is_reported_by_name(Message sample) {
        var components = sample.getClass().getRecordComponents();

        assertThat(IntStream.range(0, components.length))
                .allSatisfy(i -> assertThatExceptionOfType(IllegalArgumentException.class)
                        .isThrownBy(() -> copyWith(sample, i, null))
                        .withMessageStartingWith(components[i].getName() + " is required"));
    }

    @ParameterizedTest
    @MethodSource("samples")
    void an_invalid_id_is_rejected_by_name(Message sample) {
        var components = sample.getClass().getRecordComponents();

        assertThat(IntStream.range(0, components.length).filter(i -> components[i].getType() == String.class))
                .isNotEmpty()
                .allSatisfy(i -> {
                    String member = components[i].getName();
                    int longest = member.equals("orderId") ? 255 : 100;
                    for (String blank : List.of("", " \t", "\u3000", "x".repeat(longest + 1))) {
                        assertThatExceptionOfType(IllegalArgumentException.class)
                                .isThrownBy(() -> copyWith(sample, i, blank))
                                .withMessage(member + " must be text of 1 to " + longest + " characters, not blank");
                    }
                    for (String unprintable : UNPRINTABLE) {
                        assertThatExceptionOfType(IllegalArgumentException.class)
                                .as(unprintable)
                                .isThrownBy(() -> copyWith(sample, i, "a" + unprintable + "b"))
                                .withMessage(
                                        member + " must not contain control characters or half of a surrogate pair");
                    }
                    assertThatCode(() -> copyWith(sample, i, "x".repeat(longest)))
                            .doesNotThrowAnyException();
                });
    }

    @Test
    void control_characters_are_c0_c1_and_del_and_surrogates_must_be_paired() {
        assertThat(IntStream.rangeClosed(0, 0xFFFF)
                        .filter(each -> !FieldConstraints.isPrintable("a" + (char) each + "b")))
                .containsExactlyElementsOf(IntStream.rangeClosed(0, 0xFFFF)
                        .filter(each ->
                                each < 0x20 || (each >= 0x7f && each <= 0x9f) || (each >= 0xd800 && each <= 0xdfff))
                        .boxed()
                        .toList());
        assertThat(FieldConstraints.isPrintable("🛒")).isTrue();
        assertThat(FieldConstraints.isPrintable("\udc00\ud800")).isFalse();
        assertThat(FieldConstraints.isPrintable("at the end \ud800")).isFalse();
    }

    @ParameterizedTest
    @MethodSource("refused")
    void an_invalid_value_is_reported_with_its_name(String message, ThrowingCallable creation) {
        assertThatExceptionOfType(IllegalArgumentException.class)
                .isThrownBy(creation)
                .withMessage(message);
    }

    @Test
    void items_are_copied_when_the_message_is_made() {
        List<OrderItem> given = new ArrayList<>(ITEMS);
        var created = new OrderCreated("1", "u123", given);
        var reserve = new ReserveStock("1", given);

        given.add(new OrderItem("p2", 1));

        assertThat(created.items()).isEqualTo(ITEMS).isUnmodifiable();
        assertThat(reserve.items()).isEqualTo(ITEMS).isUnmodifiable();
    }

    private static Stream<Message> samples() {
        return SampleMessages.all();
    }

    private static Stream<Arguments> refused() {
        List<OrderItem> tooMany = Collections.nCopies(101, new OrderItem("p1", 1));
        List<OrderItem> withNull = Arrays.asList(new OrderItem("p1", 1), null);
        return Stream.of(
                refused("items must be an array of 1 to 100 items", () -> new OrderCreated("1", "u123", List.of())),
                refused("items must be an array of 1 to 100 items", () -> new ReserveStock("1", List.of())),
                refused("items must be an array of 1 to 100 items", () -> new OrderCreated("1", "u123", tooMany)),
                refused("items must be an array of 1 to 100 items", () -> new ReserveStock("1", tooMany)),
                refused("items[1] is required", () -> new OrderCreated("1", "u123", withNull)),
                refused("items[1] is required", () -> new ReserveStock("1", withNull)),
                refused("productId must be text of 1 to 100 characters, not blank", () -> new OrderItem("", 1)),
                refused("qty must be a whole number from 1 to 1000", () -> new OrderItem("p1", 0)),
                refused("qty must be a whole number from 1 to 1000", () -> new OrderItem("p1", -3)),
                refused("qty must be a whole number from 1 to 1000", () -> new OrderItem("p1", 1001)),
                refused("currency must be an ISO 4217 code such as KRW", () -> new Money(TOTAL.amount(), "krw")),
                refused("currency must be an ISO 4217 code such as KRW", () -> new Money(TOTAL.amount(), "KRWX")),
                refused("currency must be an ISO 4217 code such as KRW", () -> new Money(TOTAL.amount(), "ZZZ")),
                refused("amount must not be negative, but was -1", () -> new Money(-1, "KRW")),
                refused(
                        "amount must not be negative, but was -9223372036854775808",
                        () -> new Money(Long.MIN_VALUE, "KRW")),
                refused(
                        "amount must be at most 9007199254740991, but was 9007199254740992",
                        () -> new Money(9_007_199_254_740_992L, "KRW")));
    }

    private static Arguments refused(String message, ThrowingCallable creation) {
        return arguments(message, creation);
    }

    private static void copyWith(Message sample, int component, @Nullable Object value) throws Throwable {
        var components = sample.getClass().getRecordComponents();
        @Nullable Object[] values = new @Nullable Object[components.length];
        for (int i = 0; i < components.length; i++) {
            values[i] = i == component ? value : components[i].getAccessor().invoke(sample);
        }
        Constructor<?> constructor = sample.getClass()
                .getDeclaredConstructor(
                        Arrays.stream(components).map(each -> each.getType()).toArray(Class<?>[]::new));
        try {
            constructor.newInstance(values);
        } catch (InvocationTargetException thrown) {
            throw thrown.getCause();
        }
    }
}
