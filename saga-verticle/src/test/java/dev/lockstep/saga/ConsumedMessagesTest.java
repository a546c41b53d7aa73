package dev.lockstep.saga;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.contracts.Money;
import dev.lockstep.contracts.OrderCancelRequested;
import dev.lockstep.contracts.StockReserved;
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
class ConsumedMessagesTest {
    @Test
    void a_valid_event_is_decoded() {
        assertThat(SagaMessages.CODEC.decode(
                        record("o1", "StockReserved", "{'orderId':'o1','total':{'amount':0,'currency':'KRW'}}")))
                .isEqualTo(new StockReserved("o1", new Money(0, "KRW")));
        assertThat(SagaMessages.CODEC.decode(record("o1", "OrderCancelRequested", "{'orderId':'o1'}")))
                .isEqualTo(new OrderCancelRequested("o1"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "OrderCancelRequested | {} | orderId is required",
                "OrderCancelRequested | {'orderId':' '} | orderId must be text of 1 to 255 characters, not blank",
                "OrderCancelRequested | {'orderId':'\\ud800p'} | orderId must not contain U+0000 or half of a surrogate pair",
                "OrderCancelRequested | {'orderId':'a\\u001b'} | orderId must not contain control characters or half of a surrogate pair",
                "OrderCancelRequested | {'orderId':'o2'} | orderId must equal the record's key, but the key is o1",
                "StockReleased | {} | orderId is required",
                "StockReleased | {'orderId':' '} | orderId must be text of 1 to 255 characters, not blank",
                "StockReleased | {'orderId':'\\ud800p'} | orderId must not contain U+0000 or half of a surrogate pair",
                "StockReleased | {'orderId':'a\\u001b'} | orderId must not contain control characters or half of a surrogate pair",
                "StockReleased | {'orderId':'o2'} | orderId must equal the record's key, but the key is o1",
                "PaymentRefunded | {} | orderId is required",
                "PaymentRefunded | {'orderId':' '} | orderId must be text of 1 to 255 characters, not blank",
                "PaymentRefunded | {'orderId':'\\ud800p'} | orderId must not contain U+0000 or half of a surrogate pair",
                "PaymentRefunded | {'orderId':'a\\u001b'} | orderId must not contain control characters or half of a surrogate pair",
                "PaymentRefunded | {'orderId':'o2'} | orderId must equal the record's key, but the key is o1",
                "OrderCancelled | {'reason':'OUT_OF_STOCK'} | orderId is required",
                "OrderCancelled | {'orderId':' ','reason':'OUT_OF_STOCK'} | orderId must be text of 1 to 255 characters, not blank",
                "OrderCancelled | {'orderId':'\\ud800p','reason':'OUT_OF_STOCK'} | orderId must not contain U+0000 or half of a surrogate pair",
                "OrderCancelled | {'orderId':'a\\u001b','reason':'OUT_OF_STOCK'} | orderId must not contain control characters or half of a surrogate pair",
                "OrderCancelled | {'orderId':'o2','reason':'OUT_OF_STOCK'} | orderId must equal the record's key, but the key is o1",
                "OrderCancelled | {'orderId':'o1'} | reason is required",
                "OrderCancelled | {'orderId':'o1','reason':'BORED'} | reason must be one of OUT_OF_STOCK, UNKNOWN_PRODUCT, MIXED_CURRENCIES, PAYMENT_DECLINED, TIMED_OUT, CANCELLED_BY_CUSTOMER, CANCELLED_BY_OPERATOR",
                "OrderCancelled | {'orderId':'o1','reason':0} | reason must be one of OUT_OF_STOCK, UNKNOWN_PRODUCT, MIXED_CURRENCIES, PAYMENT_DECLINED, TIMED_OUT, CANCELLED_BY_CUSTOMER, CANCELLED_BY_OPERATOR",
                "StockRejected | {'reason':'OUT_OF_STOCK'} | orderId is required",
                "StockRejected | {'orderId':' ','reason':'OUT_OF_STOCK'} | orderId must be text of 1 to 255 characters, not blank",
                "StockRejected | {'orderId':'\\ud800p','reason':'OUT_OF_STOCK'} | orderId must not contain U+0000 or half of a surrogate pair",
                "StockRejected | {'orderId':'a\\u001b','reason':'OUT_OF_STOCK'} | orderId must not contain control characters or half of a surrogate pair",
                "StockRejected | {'orderId':'o2','reason':'OUT_OF_STOCK'} | orderId must equal the record's key, but the key is o1",
                "StockRejected | {'orderId':'o1'} | reason is required",
                "StockRejected | {'orderId':'o1','reason':'BORED'} | reason must be one of OUT_OF_STOCK, UNKNOWN_PRODUCT, MIXED_CURRENCIES, PAYMENT_DECLINED, TIMED_OUT, CANCELLED_BY_CUSTOMER, CANCELLED_BY_OPERATOR",
                "StockRejected | {'orderId':'o1','reason':0} | reason must be one of OUT_OF_STOCK, UNKNOWN_PRODUCT, MIXED_CURRENCIES, PAYMENT_DECLINED, TIMED_OUT, CANCELLED_BY_CUSTOMER, CANCELLED_BY_OPERATOR",
                "PaymentDeclined | {'reason':'UNKNOWN_ACCOUNT'} | orderId is required",
                "PaymentDeclined | {'orderId':' ','reason':'UNKNOWN_ACCOUNT'} | orderId must be text of 1 to 255 characters, not blank",
                "PaymentDeclined | {'orderId':'\\ud800p','reason':'UNKNOWN_ACCOUNT'} | orderId must not contain U+0000 or half of a surrogate pair",
                "PaymentDeclined | {'orderId':'a\\u001b','reason':'UNKNOWN_ACCOUNT'} | orderId must not contain control characters or half of a surrogate pair",
                "PaymentDeclined | {'orderId':'o2','reason':'UNKNOWN_ACCOUNT'} | orderId must equal the record's key, but the key is o1",
                "PaymentDeclined | {'orderId':'o1'} | reason is required",
                "PaymentDeclined | {'orderId':'o1','reason':'BORED'} | reason must be one of INSUFFICIENT_FUNDS, UNKNOWN_ACCOUNT, CURRENCY_MISMATCH",
                "PaymentDeclined | {'orderId':'o1','reason':0} | reason must be one of INSUFFICIENT_FUNDS, UNKNOWN_ACCOUNT, CURRENCY_MISMATCH",
                "OrderConfirmed | {'total':{'amount':1,'currency':'KRW'}} | orderId is required",
                "OrderConfirmed | {'orderId':' ','total':{'amount':1,'currency':'KRW'}} | orderId must be text of 1 to 255 characters, not blank",
                "OrderConfirmed | {'orderId':'\\ud800p','total':{'amount':1,'currency':'KRW'}} | orderId must not contain U+0000 or half of a surrogate pair",
                "OrderConfirmed | {'orderId':'a\\u001b','total':{'amount':1,'currency':'KRW'}} | orderId must not contain control characters or half of a surrogate pair",
                "OrderConfirmed | {'orderId':'o2','total':{'amount':1,'currency':'KRW'}} | orderId must equal the record's key, but the key is o1",
                "OrderConfirmed | {'orderId':'o1'} | total is required",
                "OrderConfirmed | {'orderId':'o1','total':7} | total must be an object",
                "OrderConfirmed | {'orderId':'o1','total':{'amount':-100,'currency':'KRW'}} | total.amount must not be negative, but was -100",
                "OrderConfirmed | {'orderId':'o1','total':{'amount':9007199254740992,'currency':'KRW'}} | total.amount must be at most 9007199254740991, but was 9007199254740992",
                "OrderConfirmed | {'orderId':'o1','total':{'amount':9223372036854775808,'currency':'KRW'}} | total.amount must be a whole number from -9223372036854775808 to 9223372036854775807",
                "OrderConfirmed | {'orderId':'o1','total':{'amount':1.5,'currency':'KRW'}} | total.amount must be a whole number",
                "OrderConfirmed | {'orderId':'o1','total':{'amount':'1','currency':'KRW'}} | total.amount must be a whole number",
                "OrderConfirmed | {'orderId':'o1','total':{'currency':'KRW'}} | total.amount must be a whole number",
                "OrderConfirmed | {'orderId':'o1','total':{'amount':1}} | total.currency is required",
                "OrderConfirmed | {'orderId':'o1','total':{'amount':1,'currency':'krw'}} | total.currency must be an ISO 4217 code such as KRW",
                "OrderConfirmed | {'orderId':'o1','total':{'amount':1,'currency':'ZZZ'}} | total.currency must be an ISO 4217 code such as KRW",
                "StockReserved | {'total':{'amount':1,'currency':'KRW'}} | orderId is required",
                "StockReserved | {'orderId':' ','total':{'amount':1,'currency':'KRW'}} | orderId must be text of 1 to 255 characters, not blank",
                "StockReserved | {'orderId':'\\ud800p','total':{'amount':1,'currency':'KRW'}} | orderId must not contain U+0000 or half of a surrogate pair",
                "StockReserved | {'orderId':'a\\u001b','total':{'amount':1,'currency':'KRW'}} | orderId must not contain control characters or half of a surrogate pair",
                "StockReserved | {'orderId':'o2','total':{'amount':1,'currency':'KRW'}} | orderId must equal the record's key, but the key is o1",
                "StockReserved | {'orderId':'o1'} | total is required",
                "StockReserved | {'orderId':'o1','total':7} | total must be an object",
                "StockReserved | {'orderId':'o1','total':{'amount':-100,'currency':'KRW'}} | total.amount must not be negative, but was -100",
                "StockReserved | {'orderId':'o1','total':{'amount':9007199254740992,'currency':'KRW'}} | total.amount must be at most 9007199254740991, but was 9007199254740992",
                "StockReserved | {'orderId':'o1','total':{'amount':9223372036854775808,'currency':'KRW'}} | total.amount must be a whole number from -9223372036854775808 to 9223372036854775807",
                "StockReserved | {'orderId':'o1','total':{'amount':1.5,'currency':'KRW'}} | total.amount must be a whole number",
                "StockReserved | {'orderId':'o1','total':{'amount':'1','currency':'KRW'}} | total.amount must be a whole number",
                "StockReserved | {'orderId':'o1','total':{'currency':'KRW'}} | total.amount must be a whole number",
                "StockReserved | {'orderId':'o1','total':{'amount':1}} | total.currency is required",
                "StockReserved | {'orderId':'o1','total':{'amount':1,'currency':'krw'}} | total.currency must be an ISO 4217 code such as KRW",
                "StockReserved | {'orderId':'o1','total':{'amount':1,'currency':'ZZZ'}} | total.currency must be an ISO 4217 code such as KRW",
                "PaymentCharged | {'amount':{'amount':1,'currency':'KRW'}} | orderId is required",
                "PaymentCharged | {'orderId':' ','amount':{'amount':1,'currency':'KRW'}} | orderId must be text of 1 to 255 characters, not blank",
                "PaymentCharged | {'orderId':'\\ud800p','amount':{'amount':1,'currency':'KRW'}} | orderId must not contain U+0000 or half of a surrogate pair",
                "PaymentCharged | {'orderId':'a\\u001b','amount':{'amount':1,'currency':'KRW'}} | orderId must not contain control characters or half of a surrogate pair",
                "PaymentCharged | {'orderId':'o2','amount':{'amount':1,'currency':'KRW'}} | orderId must equal the record's key, but the key is o1",
                "PaymentCharged | {'orderId':'o1'} | amount is required",
                "PaymentCharged | {'orderId':'o1','amount':7} | amount must be an object",
                "PaymentCharged | {'orderId':'o1','amount':{'amount':-100,'currency':'KRW'}} | amount.amount must not be negative, but was -100",
                "PaymentCharged | {'orderId':'o1','amount':{'amount':9007199254740992,'currency':'KRW'}} | amount.amount must be at most 9007199254740991, but was 9007199254740992",
                "PaymentCharged | {'orderId':'o1','amount':{'amount':9223372036854775808,'currency':'KRW'}} | amount.amount must be a whole number from -9223372036854775808 to 9223372036854775807",
                "PaymentCharged | {'orderId':'o1','amount':{'amount':1.5,'currency':'KRW'}} | amount.amount must be a whole number",
                "PaymentCharged | {'orderId':'o1','amount':{'amount':'1','currency':'KRW'}} | amount.amount must be a whole number",
                "PaymentCharged | {'orderId':'o1','amount':{'currency':'KRW'}} | amount.amount must be a whole number",
                "PaymentCharged | {'orderId':'o1','amount':{'amount':1}} | amount.currency is required",
                "PaymentCharged | {'orderId':'o1','amount':{'amount':1,'currency':'krw'}} | amount.currency must be an ISO 4217 code such as KRW",
                "PaymentCharged | {'orderId':'o1','amount':{'amount':1,'currency':'ZZZ'}} | amount.currency must be an ISO 4217 code such as KRW",
                "OrderCreated | {'userId':'u1','items':[{'productId':'p1','qty':1}]} | orderId is required",
                "OrderCreated | {'orderId':' ','userId':'u1','items':[{'productId':'p1','qty':1}]} | orderId must be text of 1 to 255 characters, not blank",
                "OrderCreated | {'orderId':'\\ud800p','userId':'u1','items':[{'productId':'p1','qty':1}]} | orderId must not contain U+0000 or half of a surrogate pair",
                "OrderCreated | {'orderId':'a\\u001b','userId':'u1','items':[{'productId':'p1','qty':1}]} | orderId must not contain control characters or half of a surrogate pair",
                "OrderCreated | {'orderId':'o2','userId':'u1','items':[{'productId':'p1','qty':1}]} | orderId must equal the record's key, but the key is o1",
                "OrderCreated | {'orderId':'o1','items':[{'productId':'p1','qty':1}]} | userId is required",
                "OrderCreated | {'orderId':'o1','userId':'u\\u009f','items':[{'productId':'p1','qty':1}]} | userId must not contain control characters or half of a surrogate pair",
                "OrderCreated | {'orderId':'o1','userId':'u1'} | items is required",
                "OrderCreated | {'orderId':'o1','userId':'u1','items':[]} | items must be an array of 1 to 100 items",
                "OrderCreated | {'orderId':'o1','userId':'u1','items':[null]} | items[0] is required",
                "OrderCreated | {'orderId':'o1','userId':'u1','items':[{'productId':'p1','qty':1001}]} | items[0].qty must be a whole number from 1 to 1000",
                "OrderCreated | {'orderId':'o1','userId':'u1','items':[{'productId':' ','qty':1}]} | items[0].productId must be text of 1 to 100 characters, not blank",
            })
    void an_invalid_field_is_rejected_by_name(String type, String value, String problem) {
        assertThatThrownBy(() -> SagaMessages.CODEC.decode(record("o1", type, value)))
                .asInstanceOf(InstanceOfAssertFactories.type(UnprocessableMessageException.class))
                .satisfies(refusal -> assertThat(refusal.reason()).isEqualTo("INVALID"))
                .satisfies(
                        refusal -> assertThat(refusal).hasMessage("the value is not a valid " + type + ": " + problem));
    }

    private static ConsumerRecord<byte[], byte[]> record(String key, String type, String value) {
        ConsumerRecord<byte[], byte[]> record = new ConsumerRecord<>(
                "any",
                0,
                0,
                key.getBytes(StandardCharsets.UTF_8),
                value.replace('\'', '"').getBytes(StandardCharsets.UTF_8));
        record.headers().add("ce_type", type.getBytes(StandardCharsets.UTF_8));
        return record;
    }
}
