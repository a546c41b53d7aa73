package dev.lockstep.messaging.http;

/**
 * What is wrong with one member of a request.
 *
 * @param field where it is, as in {@code items[0].qty}, or the name of a query parameter or header
 * @param message what it must be, to be read after the field's name: {@code must be a whole number}
 */
public record FieldError(String field, String message) {}
