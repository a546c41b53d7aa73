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
    void parses_its_own_text() {
        OrderId id = new OrderId(UUID.fromString("0199f0a0-0000-7000-8000-0000000000ff"));

        String text = id.toString();

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
    void only_a_canonical_uuid_is_an_order_id(String text) {
        assertThat(OrderId.parse(text)).isEmpty();
    }
}
