package dev.lockstep.audit;

/**
 * One violation of a guarantee. All text is made printable, whatever the audited data contains.
 *
 * @param id the order, row, product or account that violates it
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
