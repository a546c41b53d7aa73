package dev.lockstep.payment;

import dev.lockstep.payment.domain.Money;
import dev.lockstep.payment.domain.Posting;
import java.time.Instant;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * JSON representation of a ledger entry in HTTP responses.
 *
 * @param posting id shared by the two entries of a posting
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
