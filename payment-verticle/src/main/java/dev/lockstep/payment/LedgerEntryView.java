package dev.lockstep.payment;

import dev.lockstep.payment.domain.Money;
import dev.lockstep.payment.domain.Posting;
import java.time.Instant;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A ledger entry as auditors see it.
 *
 * @param posting what it shares with its other side
 * @param orderId absent for a deposit
 */
record LedgerEntryView(
        long seq,
        UUID posting,
        String account,
        Money amount,
        @Nullable String orderId,
        Posting.Kind kind,
        Instant at) {}
