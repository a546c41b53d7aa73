package dev.lockstep.order;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.contracts.CancelOrder;
import dev.lockstep.contracts.CancelReason;
import dev.lockstep.contracts.ConfirmOrder;
import dev.lockstep.contracts.Money;
import dev.lockstep.messaging.failure.UnprocessableMessageException;
import java.nio.charset.StandardCharsets;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@DisplayNameGeneration(ReplaceUnderscores.class)
class OrderMessagesTest {
    @Test
    void a_valid_command_is_decoded() {
        assertThat(OrderMessages.CODEC.decode(
                        record("o1", "ConfirmOrder", "{'orderId':'o1','total':{'amount':0,'currency':'KRW'}}")))
                .isEqualTo(new ConfirmOrder("o1", new Money(0, "KRW")));
        assertThat(OrderMessages.CODEC.decode(record("o1", "CancelOrder", "{'orderId':'o1','reason':'TIMED_OUT'}")))
                .isEqualTo(new CancelOrder("o1", CancelReason.TIMED_OUT));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "CancelOrder | {'reason':'TIMED_OUT'} | orderId is required",
                "CancelOrder | {'orderId':' ','reason':'TIMED_OUT'} | orderId must be text of 1 to 255 characters, not blank",
                "CancelOrder | {'orderId':'\\ud800p','reason':'TIMED_OUT'} | orderId must not contain U+0000 or half of a surrogate pair",
                "CancelOrder | {'orderId':'a\\u001b','reason':'TIMED_OUT'} | orderId must not contain control characters or half of a surrogate pair",
                "CancelOrder | {'orderId':'o2','reason':'TIMED_OUT'} | orderId must equal the record's key, but the key is o1",
                "CancelOrder | {'orderId':'o1'} | reason is required",
                "CancelOrder | {'orderId':'o1','reason':'BORED'} | reason must be one of OUT_OF_STOCK, UNKNOWN_PRODUCT, MIXED_CURRENCIES, PAYMENT_DECLINED, TIMED_OUT, CANCELLED_BY_CUSTOMER, CANCELLED_BY_OPERATOR",
                "CancelOrder | {'orderId':'o1','reason':0} | reason must be one of OUT_OF_STOCK, UNKNOWN_PRODUCT, MIXED_CURRENCIES, PAYMENT_DECLINED, TIMED_OUT, CANCELLED_BY_CUSTOMER, CANCELLED_BY_OPERATOR",
                "ConfirmOrder | {'total':{'amount':1,'currency':'KRW'}} | orderId is required",
                "ConfirmOrder | {'orderId':' ','total':{'amount':1,'currency':'KRW'}} | orderId must be text of 1 to 255 characters, not blank",
                "ConfirmOrder | {'orderId':'\\ud800p','total':{'amount':1,'currency':'KRW'}} | orderId must not contain U+0000 or half of a surrogate pair",
                "ConfirmOrder | {'orderId':'a\\u001b','total':{'amount':1,'currency':'KRW'}} | orderId must not contain control characters or half of a surrogate pair",
                "ConfirmOrder | {'orderId':'o2','total':{'amount':1,'currency':'KRW'}} | orderId must equal the record's key, but the key is o1",
                "ConfirmOrder | {'orderId':'o1'} | total is required",
                "ConfirmOrder | {'orderId':'o1','total':7} | total must be an object",
                "ConfirmOrder | {'orderId':'o1','total':{'amount':-100,'currency':'KRW'}} | total.amount must not be negative, but was -100",
                "ConfirmOrder | {'orderId':'o1','total':{'amount':9007199254740992,'currency':'KRW'}} | total.amount must be at most 9007199254740991, but was 9007199254740992",
                "ConfirmOrder | {'orderId':'o1','total':{'amount':9223372036854775808,'currency':'KRW'}} | total.amount must be a whole number from -9223372036854775808 to 9223372036854775807",
                "ConfirmOrder | {'orderId':'o1','total':{'amount':1.5,'currency':'KRW'}} | total.amount must be a whole number",
                "ConfirmOrder | {'orderId':'o1','total':{'amount':'1','currency':'KRW'}} | total.amount must be a whole number",
                "ConfirmOrder | {'orderId':'o1','total':{'currency':'KRW'}} | total.amount must be a whole number",
                "ConfirmOrder | {'orderId':'o1','total':{'amount':1}} | total.currency is required",
                "ConfirmOrder | {'orderId':'o1','total':{'amount':1,'currency':'krw'}} | total.currency must be an ISO 4217 code such as KRW",
                "ConfirmOrder | {'orderId':'o1','total':{'amount':1,'currency':'ZZZ'}} | total.currency must be an ISO 4217 code such as KRW",
            })
    void an_invalid_field_is_rejected_by_name(String type, String value, String problem) {
        assertThatThrownBy(() -> OrderMessages.CODEC.decode(record("o1", type, value)))
                .asInstanceOf(InstanceOfAssertFactories.type(UnprocessableMessageException.class))
                .satisfies(refusal -> assertThat(refusal.reason()).isEqualTo("INVALID"))
                .satisfies(
                        refusal -> assertThat(refusal).hasMessage("the value is not a valid " + type + ": " + problem));
    }

    private static ConsumerRecord<byte[], byte[]> record(String key, String type, String value) {
        ConsumerRecord<byte[], byte[]> record = new ConsumerRecord<>(
                "order.commands",
                0,
                0,
                key.getBytes(StandardCharsets.UTF_8),
                value.replace('\'', '"').getBytes(StandardCharsets.UTF_8));
        record.headers().add("ce_type", type.getBytes(StandardCharsets.UTF_8));
        return record;
    }
}
