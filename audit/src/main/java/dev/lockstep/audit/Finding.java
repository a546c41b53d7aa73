package dev.lockstep.audit;

/**
 * One place where a promise does not hold, in text that is printable whatever was sent.
 *
 * @param id of what it does not hold for: an order, a row, a product, an account
 * @param look where to look next
 */
record Finding(String id, String expected, String found, String look) {
    Finding {
        id = Printable.of(id);
        expected = Printable.of(expected);
        found = Printable.of(found);
        look = Printable.of(look);
    }
}
