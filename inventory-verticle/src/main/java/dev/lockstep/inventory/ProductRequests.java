package dev.lockstep.inventory;

import dev.lockstep.contracts.FieldConstraints;
import dev.lockstep.inventory.domain.Money;
import dev.lockstep.inventory.domain.ProductId;
import dev.lockstep.inventory.domain.Text;
import dev.lockstep.messaging.http.FieldError;
import dev.lockstep.messaging.http.Problem;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Request bodies for products and their validation. A response lists all errors at once. */
final class ProductRequests {
    /** The largest integer that every JSON reader represents exactly. */
    static final long MAX_QUANTITY = FieldConstraints.MAX_AMOUNT;

    private static final int MAX_NAME_LENGTH = 200;

    private ProductRequests() {}

    record PutProduct(
            @Nullable String name,
            @Nullable Price unitPrice,
            @Nullable Long available) {
        record Price(@Nullable Long amount, @Nullable String currency) {}

        /** A valid request with all members present. */
        record Valid(ProductId id, String name, Money unitPrice, long available) {}

        /** Returns the complete request, or throws a 400 {@link Problem} that names the invalid members. */
        Valid validate(ProductId id) {
            Errors errors = new Errors();
            id.problem().ifPresent(problem -> errors.add("productId", problem));
            Valid valid =
                    new Valid(id, errors.name(name), errors.price(unitPrice), errors.number("available", available, 0));
            errors.throwIfAny();
            return valid;
        }
    }

    record Restock(@Nullable Long qty) {
        /** Returns the quantity to add, or throws a 400 {@link Problem} that names the quantity. */
        long validate() {
            Errors errors = new Errors();
            long valid = errors.number("qty", qty, 1);
            errors.throwIfAny();
            return valid;
        }
    }

    /** Collects errors. The value returned in place of an invalid member must not be used. */
    private static final class Errors {
        private final List<FieldError> found = new ArrayList<>();

        void add(String field, String message) {
            found.add(new FieldError(field, message));
        }

        String name(@Nullable String name) {
            if (name == null) {
                add("name", "is required");
            } else if (name.isBlank()) {
                add("name", "must not be blank");
            } else if (name.length() > MAX_NAME_LENGTH) {
                add("name", "must have at most " + MAX_NAME_LENGTH + " characters");
            } else if (Text.hasUnprintable(name)) {
                add("name", "must not contain control characters or half of a surrogate pair");
            }
            return name == null ? "" : name;
        }

        Money price(PutProduct.@Nullable Price price) {
            if (price == null) {
                add("unitPrice", "is required");
                return new Money(0, "");
            }
            long amount = number("unitPrice.amount", price.amount(), 0);
            String currency = price.currency();
            String problem = FieldConstraints.currencyProblem(currency);
            if (problem != null) {
                add("unitPrice.currency", problem);
            }
            return new Money(amount, currency == null ? "" : currency);
        }

        long number(String field, @Nullable Long number, long least) {
            if (number == null) {
                add(field, "is required");
            } else if (number < least || number > MAX_QUANTITY) {
                add(field, "must be from %d to %d, but was %d".formatted(least, MAX_QUANTITY, number));
            }
            return number == null ? 0 : number;
        }

        void throwIfAny() {
            if (!found.isEmpty()) {
                throw Problem.badRequest(
                        found.stream()
                                .map(error -> error.field() + " " + error.message())
                                .collect(Collectors.joining("; ")),
                        found);
            }
        }
    }
}
