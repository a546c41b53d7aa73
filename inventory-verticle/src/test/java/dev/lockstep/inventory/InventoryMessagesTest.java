package dev.lockstep.inventory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.contracts.OrderItem;
import dev.lockstep.contracts.ReleaseStock;
import dev.lockstep.contracts.ReserveStock;
import dev.lockstep.messaging.failure.UnprocessableMessageException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@DisplayNameGeneration(ReplaceUnderscores.class)
class InventoryMessagesTest {
    @Test
    void a_valid_command_is_decoded() {
        assertThat(InventoryMessages.CODEC.decode(
                        record("o1", "ReserveStock", "{'orderId':'o1','items':[{'productId':'p1','qty':1000}]}")))
                .isEqualTo(new ReserveStock("o1", List.of(new OrderItem("p1", 1000))));
        assertThat(InventoryMessages.CODEC.decode(record("o1", "ReleaseStock", "{'orderId':'o1','later':1}")))
                .isEqualTo(new ReleaseStock("o1"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "ReleaseStock | {} | orderId is required",
                "ReleaseStock | {'orderId':null} | orderId is required",
                "ReleaseStock | {'orderId':' '} | orderId must be text of 1 to 255 characters, not blank",
                "ReleaseStock | {'orderId':'\\ud800'} | orderId must not contain U+0000 or half of a surrogate pair",
                "ReleaseStock | {'orderId':'a\\u0000'} | orderId must not contain U+0000 or half of a surrogate pair",
                "ReleaseStock | {'orderId':'a\\n'} | orderId must not contain control characters or half of a surrogate pair",
                "ReleaseStock | {'orderId':'a\\u0085'} | orderId must not contain control characters or half of a surrogate pair",
                "ReleaseStock | {'orderId':7} | orderId must be text",
                "ReleaseStock | {'orderId':'o2'} | orderId must equal the record's key, but the key is o1",
                "ReserveStock | {'items':[{'productId':'p1','qty':1}]} | orderId is required",
                "ReserveStock | {'orderId':'o1'} | items is required",
                "ReserveStock | {'orderId':'o1','items':[]} | items must be an array of 1 to 100 items",
                "ReserveStock | {'orderId':'o1','items':{}} | items must be an array",
                "ReserveStock | {'orderId':'o1','items':[null]} | items[0] is required",
                "ReserveStock | {'orderId':'o1','items':[{'qty':1}]} | items[0].productId is required",
                "ReserveStock | {'orderId':'o1','items':[{'productId':'','qty':1}]} | items[0].productId must be text of 1 to 100 characters, not blank",
                "ReserveStock | {'orderId':'o1','items':[{'productId':'\\u007f','qty':1}]} | items[0].productId must not contain control characters or half of a surrogate pair",
                "ReserveStock | {'orderId':'o1','items':[{'productId':'p1'}]} | items[0].qty must be a whole number",
                "ReserveStock | {'orderId':'o1','items':[{'productId':'p1','qty':0}]} | items[0].qty must be a whole number from 1 to 1000",
                "ReserveStock | {'orderId':'o1','items':[{'productId':'p1','qty':1001}]} | items[0].qty must be a whole number from 1 to 1000",
                "ReserveStock | {'orderId':'o1','items':[{'productId':'p1','qty':2147483648}]} | items[0].qty must be a whole number from -2147483648 to 2147483647",
                "ReserveStock | {'orderId':'o1','items':[{'productId':'p1','qty':1.5}]} | items[0].qty must be a whole number",
                "ReserveStock | {'orderId':'o1','items':[{'productId':'p1','qty':'1'}]} | items[0].qty must be a whole number",
            })
    void an_invalid_field_is_rejected_by_name(String type, String value, String problem) {
        assertThatThrownBy(() -> InventoryMessages.CODEC.decode(record("o1", type, value)))
                .asInstanceOf(InstanceOfAssertFactories.type(UnprocessableMessageException.class))
                .satisfies(refusal -> assertThat(refusal.reason()).isEqualTo("INVALID"))
                .satisfies(
                        refusal -> assertThat(refusal).hasMessage("the value is not a valid " + type + ": " + problem));
    }

    private static ConsumerRecord<byte[], byte[]> record(String key, String type, String value) {
        ConsumerRecord<byte[], byte[]> record = new ConsumerRecord<>(
                "inventory.commands",
                0,
                0,
                key.getBytes(StandardCharsets.UTF_8),
                value.replace('\'', '"').getBytes(StandardCharsets.UTF_8));
        record.headers().add("ce_type", type.getBytes(StandardCharsets.UTF_8));
        return record;
    }
}
