package dev.lockstep.contracts;

import java.util.ArrayList;
import java.util.Currency;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Validation rules for the fields of messages and requests. The records of this package apply them in their constructors, so an invalid
 * message cannot be decoded. The HTTP routes of the services apply the same rules.
 *
 * <p>Each {@code ...Problem} method returns null if the value is valid, and otherwise a description of the problem to be appended to the
 * name of the field: {@code must not be negative, but was -100}.
 */
public final class FieldConstraints {
    /** Maximum length of a user or product id, in UTF-16 code units. */
    public static final int MAX_ID_LENGTH = 100;
    /**
     * Maximum length of an order id. The id is opaque outside the order service, and must fit into a Postgres index entry.
     */
    public static final int MAX_ORDER_ID_LENGTH = 255;

    public static final int MAX_ITEMS = 100;
    public static final int MAX_QTY = 1000;
    /** Maximum amount in minor units: 2^53 - 1, the largest integer that every JSON reader represents exactly. */
    public static final long MAX_AMOUNT = 9_007_199_254_740_991L;

    private static final String UNPRINTABLE = "must not contain control characters or half of a surrogate pair";
    private static final Set<String> CURRENCIES = Currency.getAvailableCurrencies().stream()
            .map(Currency::getCurrencyCode)
            .collect(Collectors.toUnmodifiableSet());

    private FieldConstraints() {}

    /** Validates the id of a user or a product. */
    public static @Nullable String idProblem(@Nullable String id) {
        return textProblem(id, MAX_ID_LENGTH);
    }

    /**
     * Validates the id of an order. All services apply this rule, to messages and to HTTP requests. The order service additionally
     * recognises the ids that it has generated.
     */
    public static @Nullable String orderIdProblem(@Nullable String id) {
        return textProblem(id, MAX_ORDER_ID_LENGTH);
    }

    /** Validates a single-line text that must not be blank. */
    public static @Nullable String textProblem(@Nullable String text, int maxLength) {
        if (text == null) {
            return "is required";
        }
        if (text.isBlank() || text.length() > maxLength) {
            return "must be text of 1 to " + maxLength + " characters, not blank";
        }
        return isPrintable(text) ? null : UNPRINTABLE;
    }

    /** Validates an amount of money: a price, a total or a charge. */
    public static @Nullable String amountProblem(long amount) {
        if (amount < 0) {
            return "must not be negative, but was " + amount;
        }
        return amount > MAX_AMOUNT ? "must be at most " + MAX_AMOUNT + ", but was " + amount : null;
    }

    public static @Nullable String currencyProblem(@Nullable String currency) {
        if (currency == null) {
            return "is required";
        }
        return CURRENCIES.contains(currency) ? null : "must be an ISO 4217 code such as KRW";
    }

    public static @Nullable String qtyProblem(long qty) {
        return qty < 1 || qty > MAX_QTY ? "must be a whole number from 1 to " + MAX_QTY : null;
    }

    /** Validates the number of items of an order. */
    public static @Nullable String itemCountProblem(int items) {
        return items < 1 || items > MAX_ITEMS ? "must be an array of 1 to " + MAX_ITEMS + " items" : null;
    }

    /**
     * Whether the text is free of control characters (U+0000 to U+001F, U+007F to U+009F) and of unpaired surrogates. The latter have no
     * UTF-8 encoding and would be stored as question marks.
     */
    public static boolean isPrintable(String text) {
        for (int i = 0; i < text.length(); i += Character.charCount(text.codePointAt(i))) {
            int codePoint = text.codePointAt(i);
            if (Character.isISOControl(codePoint) || Character.getType(codePoint) == Character.SURROGATE) {
                return false;
            }
        }
        return true;
    }

    static void checkOrderId(@Nullable String id) {
        check("orderId", orderIdProblem(id));
    }

    static void checkId(@Nullable String id, String member) {
        check(member, idProblem(id));
    }

    static List<OrderItem> checkedItems(@Nullable List<OrderItem> items) {
        List<@Nullable OrderItem> given = new ArrayList<>(required(items, "items"));
        check("items", itemCountProblem(given.size()));
        for (int i = 0; i < given.size(); i++) {
            required(given.get(i), "items[" + i + "]");
        }
        return List.copyOf(items);
    }

    static <T> T required(@Nullable T value, String member) {
        if (value == null) {
            throw new IllegalArgumentException(member + " is required");
        }
        return value;
    }

    static void check(String member, @Nullable String problem) {
        if (problem != null) {
            throw new IllegalArgumentException(member + " " + problem);
        }
    }
}
