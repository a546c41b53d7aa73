package dev.lockstep.faults;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** The shapes of all messages that services read. Generates valid JSON for them, and JSON with one member that breaks a rule. */
final class MessageShapes {
    static final String RESEND_REQUESTS_TOPIC = "lockstep.resend-requests";

    /** The type of a message's member. */
    enum Kind {
        ORDER,
        ID,
        MONEY,
        ITEMS,
        REASON,
        UUID,
        TEXT
    }

    /** A message type with its topic and members. */
    record Shape(String topic, String type, Map<String, Kind> members) {}

    static final List<Shape> ALL = List.of(
            shape("order.created", "OrderCreated", "userId", Kind.ID, "items", Kind.ITEMS),
            shape("order.cancel-requested", "OrderCancelRequested"),
            shape("order.commands", "ConfirmOrder", "total", Kind.MONEY),
            shape("order.commands", "CancelOrder", "reason", Kind.REASON),
            shape("order.confirmed", "OrderConfirmed", "total", Kind.MONEY),
            shape("order.cancelled", "OrderCancelled", "reason", Kind.REASON),
            shape("inventory.commands", "ReserveStock", "items", Kind.ITEMS),
            shape("inventory.commands", "ReleaseStock"),
            shape("inventory.updated", "StockReserved", "total", Kind.MONEY),
            shape("inventory.updated", "StockRejected", "reason", Kind.REASON),
            shape("inventory.updated", "StockReleased"),
            shape("payment.commands", "ChargePayment", "userId", Kind.ID, "amount", Kind.MONEY),
            shape("payment.commands", "RefundPayment"),
            shape("payment.updated", "PaymentCharged", "amount", Kind.MONEY),
            shape("payment.updated", "PaymentDeclined", "reason", Kind.REASON),
            shape("payment.updated", "PaymentRefunded"),
            new Shape(
                    RESEND_REQUESTS_TOPIC,
                    "ResendRequested",
                    Map.of("source", Kind.TEXT, "topic", Kind.TEXT, "messageId", Kind.UUID)));

    // Services refuse these messages for an unknown order. They would apply a command that undoes a step.
    private static final Set<String> REJECTED_FOR_UNKNOWN_ORDER = Set.of(
            "ConfirmOrder",
            "CancelOrder",
            "OrderConfirmed",
            "OrderCancelled",
            "StockReserved",
            "StockRejected",
            "StockReleased",
            "PaymentCharged",
            "PaymentDeclined",
            "PaymentRefunded");

    private final Random random;

    MessageShapes(Random random) {
        this.random = random;
    }

    private static Shape shape(String topic, String type, Object... members) {
        Map<String, Kind> all = new LinkedHashMap<>();
        all.put("orderId", Kind.ORDER);
        for (int i = 0; i < members.length; i += 2) {
            all.put((String) members[i], (Kind) members[i + 1]);
        }
        return new Shape(topic, type, all);
    }

    Shape any() {
        return any(ALL);
    }

    /** Returns a shape that services refuse for an unknown order. */
    Shape anyRejectedForUnknownOrder() {
        return any(ALL.stream()
                .filter(each -> REJECTED_FOR_UNKNOWN_ORDER.contains(each.type()))
                .toList());
    }

    /** Returns a valid message for the order. */
    String valid(Shape shape, String order) {
        return json(validMembers(shape, order));
    }

    /** Returns a message for the order with one member that is missing or breaks a rule. */
    String invalid(Shape shape, String order) {
        Map<String, @Nullable String> members = validMembers(shape, order);
        String broken = any(List.copyOf(shape.members().keySet()));
        members.put(broken, invalidValue(Objects.requireNonNull(shape.members().get(broken))));
        return json(members);
    }

    /** Returns a UUIDv7 of the current time. */
    String uuidV7() {
        return Uuids.version7(random).toString();
    }

    private Map<String, @Nullable String> validMembers(Shape shape, String key) {
        Map<String, @Nullable String> members = new LinkedHashMap<>();
        shape.members().forEach((member, kind) -> members.put(member, validMembers(shape, kind, key)));
        return members;
    }

    // Uses products and users that do not exist, so that the message has no effect even if a service accepts it.
    private String validMembers(Shape shape, Kind kind, String key) {
        return switch (kind) {
            case ORDER -> quoted(key);
            case ID -> "\"fuzz-user\"";
            case MONEY -> "{\"amount\":%d,\"currency\":\"KRW\"}".formatted(random.nextLong(1L << 53));
            case ITEMS -> "[{\"productId\":\"fuzz-product\",\"qty\":%d}]".formatted(1 + random.nextInt(1_000));
            case REASON -> shape.type().equals("PaymentDeclined") ? "\"UNKNOWN_ACCOUNT\"" : "\"OUT_OF_STOCK\"";
            case UUID -> quoted(uuidV7());
            case TEXT -> "\"/fuzz\"";
        };
    }

    /** Returns an invalid value for the kind, or null to leave the member out. */
    private @Nullable String invalidValue(Kind kind) {
        if (random.nextInt(12) == 0) {
            return null;
        }
        return switch (kind) {
            case ORDER, ID, TEXT -> invalidText();
            case MONEY -> invalidMoney();
            case ITEMS -> invalidItems();
            case REASON -> any(List.of("\"BORED\"", "0", "null", "\"\"", "[]", "\"out_of_stock\"", "\"\\ud800\""));
            case UUID -> any(List.of("\"1-1-1-1-1\"", "7", "null", "\"\"", "\"\\u0000\"", "[]"));
        };
    }

    private String invalidText() {
        return any(List.of(
                "null",
                "7",
                "true",
                "[]",
                "{}",
                "\"\"",
                "\"  \"",
                "\"\\t\"",
                "\"a\\u0000b\"",
                "\"\\ud800\"",
                "\"\\udc00\\ud800\"",
                "\"\\ud83d\"",
                "\"\\u001b[2J\"",
                "\"\\u007f\"",
                "\"\\u009b\"",
                "\"a\\nb\"",
                "\"" + "x".repeat(256 + random.nextInt(10_000)) + "\""));
    }

    private String invalidMoney() {
        return switch (random.nextInt(4)) {
            case 0 ->
                any(List.of("null", "[]", "100", "\"100 KRW\"", "{}", "{\"currency\":\"KRW\"}", "{\"amount\":1}"));
            case 1 ->
                "{\"amount\":1,\"currency\":%s}"
                        .formatted(any(
                                List.of("\"krw\"", "\"ZZZ\"", "\"\"", "null", "7", "\"KRW\\u0000\"", "\"\\ud800\"")));
            default -> "{\"amount\":%s,\"currency\":\"KRW\"}".formatted(invalidAmount());
        };
    }

    private String invalidAmount() {
        return any(List.of(
                "-1",
                "-100",
                "9007199254740992",
                "9223372036854775807",
                "9223372036854775808",
                "-9223372036854775809",
                "18446744073709551616",
                "1e400",
                "-1e400",
                "1e2",
                "1.0",
                "0.1",
                "\"100\"",
                "null",
                "true",
                "[1]",
                "9".repeat(200)));
    }

    private String invalidItems() {
        String item = "{\"productId\":\"fuzz-product\",\"qty\":1}";
        return switch (random.nextInt(6)) {
            case 0 -> any(List.of("null", "{}", "[]", "[null]", "[" + item + ",null]", "[[]]", "[3]", item));
            case 1 ->
                IntStream.range(0, 101 + random.nextInt(2_000))
                        .mapToObj(i -> item)
                        .collect(Collectors.joining(",", "[", "]"));
            case 2, 3 -> "[%s,{\"productId\":%s,\"qty\":1}]".formatted(item, invalidText());
            default ->
                "[{\"productId\":\"fuzz-product\",\"qty\":%s}]"
                        .formatted(any(List.of(
                                "0", "-1", "1001", "2147483648", "9223372036854775808", "1.0", "\"2\"", "null")));
        };
    }

    private static String json(Map<String, @Nullable String> members) {
        return members.entrySet().stream()
                .filter(member -> member.getValue() != null)
                .map(member -> quoted(member.getKey()) + ":" + member.getValue())
                .collect(Collectors.joining(",", "{", "}"));
    }

    private static String quoted(String text) {
        StringBuilder quoted = new StringBuilder("\"");
        text.chars().forEach(unit -> {
            if (unit < ' ' || unit == '"' || unit == '\\' || unit > '~') {
                quoted.append(String.format("\\u%04x", unit));
            } else {
                quoted.append((char) unit);
            }
        });
        return quoted.append('"').toString();
    }

    private <T> T any(List<T> all) {
        return all.get(random.nextInt(all.size()));
    }
}
