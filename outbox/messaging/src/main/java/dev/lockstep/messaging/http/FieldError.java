package dev.lockstep.messaging.http;

import dev.lockstep.messaging.record.PrintableText;

/**
 * What is wrong with one member of a request.
 *
 * @param field where it is, as in {@code items[0].qty}, or the name of a query parameter or header
 * @param message what it must be, to be read after the field's name: {@code must be a whole number}
 */
public record FieldError(String field, String message) {
    private static final int MAX_FIELD_LENGTH = 200;
    private static final int MAX_MESSAGE_LENGTH = 500;

    public FieldError {
        field = PrintableText.of(field, MAX_FIELD_LENGTH);
        message = PrintableText.of(message, MAX_MESSAGE_LENGTH);
    }
}
