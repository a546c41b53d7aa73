package dev.lockstep.audit;

/**
 * One place where a promise does not hold.
 *
 * @param id of what it does not hold for: an order, a row, a product, an account
 * @param look where to look next
 */
record Finding(String id, String expected, String found, String look) {}
