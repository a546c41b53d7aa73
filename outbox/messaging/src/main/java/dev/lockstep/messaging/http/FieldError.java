package dev.lockstep.messaging.http;

import dev.lockstep.messaging.record.PrintableText;

/**
 * An error in one member of a request.
 *
 * @param field the path of the member, as in {@code items[0].qty}, or the name of a query parameter or header
 * @param message the rule that the member breaks; it completes a sentence that begins with the field: {@code must be a whole number}
 */
public record FieldError(String field, String message) {
    private static final int MAX_FIELD_LENGTH = 200;
    private static final int MAX_MESSAGE_LENGTH = 500;

    public FieldError {
        field = PrintableText.of(field, MAX_FIELD_LENGTH);
        message = PrintableText.of(message, MAX_MESSAGE_LENGTH);
    }
}
