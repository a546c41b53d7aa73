package dev.lockstep.payment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.contracts.ChargePayment;
import dev.lockstep.contracts.Money;
import dev.lockstep.contracts.RefundPayment;
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
class PaymentMessagesTest {
    @Test
    void a_valid_command_is_decoded() {
        assertThat(PaymentMessages.CODEC.decode(record(
                        "o1",
                        "ChargePayment",
                        "{'orderId':'o1','userId':'u1','amount':{'amount':9007199254740991,'currency':'KRW'}}")))
                .isEqualTo(new ChargePayment("o1", "u1", new Money(9_007_199_254_740_991L, "KRW")));
        assertThat(PaymentMessages.CODEC.decode(record("o1", "RefundPayment", "{'orderId':'o1'}")))
                .isEqualTo(new RefundPayment("o1"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "RefundPayment | {} | orderId is required",
                "RefundPayment | {'orderId':' '} | orderId must be text of 1 to 255 characters, not blank",
                "RefundPayment | {'orderId':'\\ud800p'} | orderId must not contain U+0000 or half of a surrogate pair",
                "RefundPayment | {'orderId':'a\\u001b'} | orderId must not contain control characters or half of a surrogate pair",
                "RefundPayment | {'orderId':'o2'} | orderId must equal the record's key, but the key is o1",
                "ChargePayment | {'userId':'u1','amount':{'amount':1,'currency':'KRW'}} | orderId is required",
                "ChargePayment | {'orderId':' ','userId':'u1','amount':{'amount':1,'currency':'KRW'}} | orderId must be text of 1 to 255 characters, not blank",
                "ChargePayment | {'orderId':'\\ud800p','userId':'u1','amount':{'amount':1,'currency':'KRW'}} | orderId must not contain U+0000 or half of a surrogate pair",
                "ChargePayment | {'orderId':'a\\u001b','userId':'u1','amount':{'amount':1,'currency':'KRW'}} | orderId must not contain control characters or half of a surrogate pair",
                "ChargePayment | {'orderId':'o2','userId':'u1','amount':{'amount':1,'currency':'KRW'}} | orderId must equal the record's key, but the key is o1",
                "ChargePayment | {'orderId':'o1','userId':'u1'} | amount is required",
                "ChargePayment | {'orderId':'o1','userId':'u1','amount':7} | amount must be an object",
                "ChargePayment | {'orderId':'o1','userId':'u1','amount':{'amount':-100,'currency':'KRW'}} | amount.amount must not be negative, but was -100",
                "ChargePayment | {'orderId':'o1','userId':'u1','amount':{'amount':9007199254740992,'currency':'KRW'}} | amount.amount must be at most 9007199254740991, but was 9007199254740992",
                "ChargePayment | {'orderId':'o1','userId':'u1','amount':{'amount':9223372036854775808,'currency':'KRW'}} | amount.amount must be a whole number from -9223372036854775808 to 9223372036854775807",
                "ChargePayment | {'orderId':'o1','userId':'u1','amount':{'amount':1.5,'currency':'KRW'}} | amount.amount must be a whole number",
                "ChargePayment | {'orderId':'o1','userId':'u1','amount':{'amount':'1','currency':'KRW'}} | amount.amount must be a whole number",
                "ChargePayment | {'orderId':'o1','userId':'u1','amount':{'currency':'KRW'}} | amount.amount must be a whole number",
                "ChargePayment | {'orderId':'o1','userId':'u1','amount':{'amount':1}} | amount.currency is required",
                "ChargePayment | {'orderId':'o1','userId':'u1','amount':{'amount':1,'currency':'krw'}} | amount.currency must be an ISO 4217 code such as KRW",
                "ChargePayment | {'orderId':'o1','userId':'u1','amount':{'amount':1,'currency':'ZZZ'}} | amount.currency must be an ISO 4217 code such as KRW",
                "ChargePayment | {'orderId':'o1','amount':{'amount':1,'currency':'KRW'}} | userId is required",
                "ChargePayment | {'orderId':'o1','userId':'','amount':{'amount':1,'currency':'KRW'}} | userId must be text of 1 to 100 characters, not blank",
                "ChargePayment | {'orderId':'o1','userId':'a\\u0001','amount':{'amount':1,'currency':'KRW'}} | userId must not contain control characters or half of a surrogate pair",
            })
    void an_invalid_field_is_rejected_by_name(String type, String value, String problem) {
        assertThatThrownBy(() -> PaymentMessages.CODEC.decode(record("o1", type, value)))
                .asInstanceOf(InstanceOfAssertFactories.type(UnprocessableMessageException.class))
                .satisfies(refusal -> assertThat(refusal.reason()).isEqualTo("INVALID"))
                .satisfies(
                        refusal -> assertThat(refusal).hasMessage("the value is not a valid " + type + ": " + problem));
    }

    private static ConsumerRecord<byte[], byte[]> record(String key, String type, String value) {
        ConsumerRecord<byte[], byte[]> record = new ConsumerRecord<>(
                "payment.commands",
                0,
                0,
                key.getBytes(StandardCharsets.UTF_8),
                value.replace('\'', '"').getBytes(StandardCharsets.UTF_8));
        record.headers().add("ce_type", type.getBytes(StandardCharsets.UTF_8));
        return record;
    }
}
