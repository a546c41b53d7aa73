/** The payment service: accounts, a double-entry ledger, and what is charged to them and given back. */
@NullMarked
package dev.lockstep.payment;

import org.jspecify.annotations.NullMarked;
