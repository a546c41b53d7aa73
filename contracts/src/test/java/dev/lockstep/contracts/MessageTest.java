package dev.lockstep.contracts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.util.ArrayList;
import java.util.Arrays;
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
    private static final Money TOTAL = new Money(2000, "KRW");

    @ParameterizedTest
    @MethodSource("samples")
    void a_member_that_is_missing_is_named(Message sample) {
        var components = sample.getClass().getRecordComponents();

        assertThat(IntStream.range(0, components.length))
                .allSatisfy(i -> assertThatExceptionOfType(IllegalArgumentException.class)
                        .isThrownBy(() -> copyWith(sample, i, null))
                        .withMessageStartingWith(components[i].getName() + " is required"));
    }

    @ParameterizedTest
    @MethodSource("samples")
    void a_text_that_is_blank_is_named(Message sample) {
        var components = sample.getClass().getRecordComponents();

        assertThat(IntStream.range(0, components.length).filter(i -> components[i].getType() == String.class))
                .isNotEmpty()
                .allSatisfy(i -> assertThatExceptionOfType(IllegalArgumentException.class)
                        .isThrownBy(() -> copyWith(sample, i, " \t"))
                        .withMessage(components[i].getName() + " is required and must not be blank"));
    }

    @ParameterizedTest
    @MethodSource("refused")
    void a_value_that_cannot_be_is_named_and_quoted(String message, ThrowingCallable creation) {
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
        return Samples.all();
    }

    private static Stream<Arguments> refused() {
        return Stream.of(
                refused("items must not be empty", () -> new OrderCreated("1", "u123", List.of())),
                refused("items must not be empty", () -> new ReserveStock("1", List.of())),
                refused("productId is required and must not be blank", () -> new OrderItem("", 1)),
                refused("qty must be at least 1, but was 0", () -> new OrderItem("p1", 0)),
                refused("qty must be at least 1, but was -3", () -> new OrderItem("p1", -3)),
                refused(
                        "currency must be an ISO 4217 code such as KRW, but was krw",
                        () -> new Money(TOTAL.amount(), "krw")),
                refused(
                        "currency must be an ISO 4217 code such as KRW, but was KRWX",
                        () -> new Money(TOTAL.amount(), "KRWX")),
                refused(
                        "amount must not be negative, but was -1",
                        () -> new ChargePayment("1", "u123", new Money(-1, "KRW"))));
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
