/** The payment service: accounts, a double-entry ledger, charges and refunds. */
@NullMarked
package dev.lockstep.payment;

import org.jspecify.annotations.NullMarked;
