package dev.lockstep.messaging.delivery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.junit.jupiter.api.Assertions.assertTimeout;

import dev.lockstep.messaging.failure.UnprocessableMessageException;
import dev.lockstep.messaging.outbox.ResendRequested;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayNameGeneration(ReplaceUnderscores.class)
class MessageCodecTest {
    enum Colour {
        RED,
        BLUE
    }

    record Price(long amount, String currency) {
        Price {
            if (amount < 0) {
                throw new IllegalArgumentException("amount must not be negative, but was " + amount);
            }
        }
    }

    record Line(String product, int qty) {}

    record Sale(
            String id,
            @Nullable Price total,
            @Nullable List<Line> lines,
            @Nullable Colour colour) {
        Sale {
            if (id.isEmpty()) {
                throw new IllegalStateException("a constructor that is not prepared for this");
            }
        }
    }

    private final MessageCodec<Sale> codec = MessageCodec.of(Sale.class);

    @Test
    void a_message_is_read_and_members_that_it_does_not_have_are_skipped() {
        assertThat(decode("{'id':'1','later':[{'a':'\\ud800'}],'total':{'amount':2,'currency':'KRW'},'colour':'RED'}"))
                .isEqualTo(new Sale("1", new Price(2, "KRW"), null, Colour.RED));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{'id':'1','total':{'amount':-100,'currency':'KRW'}} | total.amount must not be negative, but was -100",
                "{'id':'1','total':{'amount':9223372036854775808}} | total.amount must be a whole number from -9223372036854775808 to 9223372036854775807",
                "{'id':'1','total':{'amount':-9223372036854775809}} | total.amount must be a whole number from -9223372036854775808 to 9223372036854775807",
                "{'id':'1','total':{'amount':1e400}} | total.amount must be a whole number",
                "{'id':'1','total':{'amount':1.0}} | total.amount must be a whole number",
                "{'id':'1','total':{'amount':'1'}} | total.amount must be a whole number",
                "{'id':'1','total':{'amount':null}} | total.amount must be a whole number",
                "{'id':'1','total':{'currency':'KRW'}} | total.amount must be a whole number",
                "{'id':'1','total':{'amount':true}} | total.amount must be a whole number",
                "{'id':'1','total':[]} | total must be an object",
                "{'id':'1','total':{'amount':1,'amount':2}} | total.amount is present twice",
                "{'id':'1','id':'2'} | id is present twice",
                "{'id':'1','later':{'x':1,'x':2}} | x is present twice",
                "{'id':'1','lines':{}} | lines must be an array",
                "{'id':'1','lines':[{'product':'p','qty':1},3]} | lines[1] must be an object",
                "{'id':'1','lines':[{'product':'p','qty':2147483648}]} | lines[0].qty must be a whole number from -2147483648 to 2147483647",
                "{'id':'1','lines':[{'product':7,'qty':1}]} | lines[0].product must be text",
                "{'id':'1','lines':[{'product':'a\\u0000b','qty':1}]} | lines[0].product must not contain U+0000 or half of a surrogate pair",
                "{'id':'\\ud800'} | id must not contain U+0000 or half of a surrogate pair",
                "{'id':'\\udc00\\ud800'} | id must not contain U+0000 or half of a surrogate pair",
                "{'id':1} | id must be text",
                "{'id':true} | id must be text",
                "{'id':['1']} | id must be text",
                "{'id':''} | it is not valid",
                "{} | it is not valid",
                "{'id':'1','colour':'GREEN'} | colour must be one of RED, BLUE",
                "{'id':'1','colour':0} | colour must be one of RED, BLUE",
                "{'id':'1'}{'id':'1'} | it must not be followed by other content",
                "`` | it must be an object",
                "` ` | it must be an object",
                "[] | it must be an object",
                "3 | it must be an object",
                "'text' | it must be an object",
            })
    void a_member_at_fault_is_named(String value, String problem) {
        UnprocessableMessageException refusal = refusal(value);

        assertThat(refusal.reason()).isEqualTo("INVALID");
        assertThat(refusal).hasMessage("the value is not a valid Sale: " + problem);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "no JSON",
                "{'id':'1'",
                "{'id':'1'} x",
                "{'id':NaN}",
                "{'id':'1','total':{'amount':NaN}}",
                "{'id':'1','total':{'amount':Infinity}}",
                "{'id':'1','total':{'amount':01}}",
                "{id:'1'}",
                "{'id':'1',}",
                "{'id':'a\nb'}",
                "/* */{'id':'1'}",
            })
    void a_value_that_is_not_json_is_reported_as_not_json(String value) {
        assertThat(refusal(value).reason()).isEqualTo("NOT_JSON");
        assertThat(refusal(value)).hasMessageStartingWith("the value is not JSON: ");
    }

    @ParameterizedTest
    @MethodSource("bytes")
    void bytes_that_are_not_the_utf_8_of_json_are_refused(byte[] value) {
        UnprocessableMessageException refusal = catchThrowableOfType(
                UnprocessableMessageException.class, () -> codec.decode(record("1", value, "Sale")));

        assertThat(refusal.reason()).isIn("NOT_JSON", "INVALID");
    }

    @ParameterizedTest
    @MethodSource("large")
    void a_huge_value_is_refused_quickly_with_a_short_message(String value) {
        UnprocessableMessageException refusal = assertTimeout(Duration.ofSeconds(5), () -> refusal(value));

        assertThat(refusal.reason()).isIn("INVALID", "NOT_JSON");
        assertThat(String.valueOf(refusal.getMessage()).length()).isLessThan(700);
    }

    @Test
    void a_type_is_quoted_on_one_line_and_shortened() {
        UnprocessableMessageException refusal = catchThrowableOfType(
                UnprocessableMessageException.class,
                () -> codec.decode(record(
                        "1",
                        "{}".getBytes(StandardCharsets.UTF_8),
                        "X\n2026 ERROR forged\u001b[2J" + "x".repeat(100_000))));

        assertThat(refusal.reason()).isEqualTo("UNKNOWN_TYPE");
        assertThat(refusal.getMessage())
                .startsWith("ce_type is X\\n2026 ERROR forged\\u001b[2Jxxx")
                .endsWith("; expected one of [Sale]");
        assertThat(String.valueOf(refusal.getMessage()).length()).isLessThan(250);
    }

    @Test
    void a_request_for_a_resend_needs_its_members() {
        MessageCodec<ResendRequested> requests = MessageCodec.of(ResendRequested.class);
        String id = "01998d2e-7c4f-7d03-a1b2-0f6d8c1e9a55";

        assertThat(List.of(
                        problem(requests, "{}"),
                        problem(requests, "{'source':' ','topic':'t','messageId':'" + id + "'}"),
                        problem(requests, "{'source':'/a\\n','topic':'t','messageId':'" + id + "'}"),
                        problem(requests, "{'source':'/a','messageId':'" + id + "'}"),
                        problem(requests, "{'source':'/a','topic':'" + "t".repeat(250) + "','messageId':'" + id + "'}"),
                        problem(requests, "{'source':'/a','topic':'t'}"),
                        problem(requests, "{'source':'/a','topic':'t','messageId':'1-1-1-1-1'}"),
                        problem(requests, "{'source':'/a','topic':'t','messageId':7}"),
                        problem(requests, "{'source':'/a','topic':'t','key':'\\u0000','messageId':'" + id + "'}")))
                .containsExactly(
                        "source is required",
                        "source must be text of 1 to 255 characters, not blank",
                        "source must not contain control characters or half of a surrogate pair",
                        "topic is required",
                        "topic must be text of 1 to 249 characters, not blank",
                        "messageId is required",
                        "messageId must be a UUID",
                        "messageId must be a UUID",
                        "key must not contain U+0000 or half of a surrogate pair");
        assertThat(requests.decode(record(
                        "k",
                        ("{\"source\":\"/a\",\"topic\":\"t\",\"key\":\"a\\nb\",\"messageId\":\"" + id + "\"}")
                                .getBytes(StandardCharsets.UTF_8),
                        "ResendRequested")))
                .isEqualTo(new ResendRequested("/a", "t", "a\nb", UUID.fromString(id)));
    }

    @ParameterizedTest
    @CsvSource(
            nullValues = "none",
            delimiter = '|',
            value = {
                "none | the record has no key",
                "2 | the key is 2",
                "1\\u000a | the key is 1\\n",
                "'' | the key is ",
                "binary | the key is not text",
            })
    void a_record_key_that_differs_from_the_message_key_is_refused(@Nullable String key, String found) {
        MessageCodec<Sale> keyed = codec.keyedBy("id", Sale::id);
        byte[] bytes = key == null
                ? null
                : key.equals("binary")
                        ? new byte[] {(byte) 0xc3, 0x28}
                        : key.replace("\\u000a", "\n").getBytes(StandardCharsets.UTF_8);
        byte[] value = "{\"id\":\"1\"}".getBytes(StandardCharsets.UTF_8);

        UnprocessableMessageException refusal = catchThrowableOfType(
                UnprocessableMessageException.class, () -> keyed.decode(record(bytes, value, "Sale")));

        assertThat(refusal.reason()).isEqualTo("INVALID");
        assertThat(String.valueOf(refusal.getMessage()).stripTrailing())
                .isEqualTo("the value is not a valid Sale: id must equal the record's key, but " + found);
        assertThat(keyed.decode(record("1", value, "Sale"))).isEqualTo(new Sale("1", null, null, null));
    }

    static Stream<byte[]> bytes() {
        String json = "{\"id\":\"1\"}";
        return Stream.of(
                json.getBytes(StandardCharsets.UTF_16),
                json.getBytes(StandardCharsets.UTF_16LE),
                json.getBytes(StandardCharsets.UTF_16BE),
                json.getBytes(Charset.forName("UTF-32")),
                ("\uFEFF" + json).getBytes(StandardCharsets.UTF_8),
                new byte[] {'{', '"', 'i', 'd', '"', ':', '"', (byte) 0xc3, '(', '"', '}'},
                // A surrogate encoded as three bytes, which only CESU-8 allows.
                new byte[] {'{', '"', 'i', 'd', '"', ':', '"', (byte) 0xed, (byte) 0xa0, (byte) 0x80, '"', '}'},
                new byte[] {'{', '"', 'i', 'd', '"', ':', '"', (byte) 0xff, '"', '}'},
                new byte[] {0},
                new byte[] {(byte) 0xff, 0});
    }

    static Stream<String> large() {
        return Stream.of(
                "{'id':'1','later':" + "[".repeat(500_000),
                "{'id':'1','later':" + "{'a':".repeat(100_000),
                "[".repeat(500_000) + "]".repeat(500_000),
                "{'id':'1','total':{'amount':" + "9".repeat(1_000_000) + "}}",
                "{'id':'1','total':{'amount':1e" + "9".repeat(90) + "}}",
                "{'id':'1','later':" + "9".repeat(1_000_000) + "}",
                "{'id':'1','total':{'amount':'" + "9".repeat(1_000_000) + "'}}",
                "{'id':'1','colour':'" + "x".repeat(1_000_000) + "'}",
                "{'" + "x".repeat(1_000_000) + "':1,'" + "x".repeat(1_000_000) + "':1}",
                "x".repeat(1_000_000));
    }

    private Sale decode(String value) {
        return codec.decode(record("1", json(value), "Sale"));
    }

    private UnprocessableMessageException refusal(String value) {
        return catchThrowableOfType(UnprocessableMessageException.class, () -> decode(value));
    }

    private static String problem(MessageCodec<ResendRequested> codec, String value) {
        UnprocessableMessageException refusal = catchThrowableOfType(
                UnprocessableMessageException.class, () -> codec.decode(record("k", json(value), "ResendRequested")));
        assertThat(refusal.reason()).isEqualTo("INVALID");
        return String.valueOf(refusal.getMessage()).replace("the value is not a valid ResendRequested: ", "");
    }

    private static byte[] json(String value) {
        return value.replace('\'', '"').getBytes(StandardCharsets.UTF_8);
    }

    private static ConsumerRecord<byte[], byte[]> record(String key, byte[] value, String type) {
        return record(key.getBytes(StandardCharsets.UTF_8), value, type);
    }

    @SuppressWarnings("NullAway") // a record's key may be null, which its unannotated constructor does not declare
    private static ConsumerRecord<byte[], byte[]> record(byte @Nullable [] key, byte[] value, String type) {
        ConsumerRecord<byte[], byte[]> record = new ConsumerRecord<>("t", 0, 0, key, value);
        record.headers().add("ce_type", type.getBytes(StandardCharsets.UTF_8));
        return record;
    }
}
