package dev.lockstep.order.domain;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.UUID;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayNameGeneration(ReplaceUnderscores.class)
class OrderIdTest {
    @Test
    void reads_what_it_writes() {
        // Given
        OrderId id = new OrderId(UUID.fromString("0199f0a0-0000-7000-8000-0000000000ff"));

        // When
        String text = id.toString();

        // Then
        assertThat(OrderId.parse(text)).contains(id);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "1-1-1-1-1",
                "0199f0a0-0000-7000-8000-0000000000f",
                "0199f0a0-0000-7000-8000-0000000000ff0",
                "0199f0a0-0000-7000-8000-0000000000fg",
                "0199f0a000007000-8000-0000000000ff00"
            })
    void anything_but_a_uuid_in_its_usual_form_names_no_order(String text) {
        assertThat(OrderId.parse(text)).isEmpty();
    }
}
