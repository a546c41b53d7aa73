package dev.lockstep.payment;

import static dev.lockstep.payment.PaymentDatabase.charge;
import static dev.lockstep.payment.PaymentDatabase.refund;
import static dev.lockstep.testing.Futures.await;
import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.payment.LedgerAudit.CurrencySummary;
import io.vertx.core.CompositeFuture;
import io.vertx.core.Future;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.Transaction;
import java.math.BigDecimal;
import java.util.List;
import java.util.stream.IntStream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

@DisplayNameGeneration(ReplaceUnderscores.class)
class LedgerAuditIT {
    private static final String WAITING_FOR_WRITERS =
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted";

    @RegisterExtension
    final PaymentDatabase database = new PaymentDatabase();

    @BeforeEach
    void createPostings() {
        database.deposit("u1", 1_000);
        await(database.handle(List.of(charge("o1", "u1", 300), charge("o2", "u1", 200), refund("o2"))));
    }

    @Test
    void the_summary_totals_users_revenue_and_external_funds() {
        List<CurrencySummary> summary = await(database.audit.summary(database.pool));

        assertThat(summary).containsExactly(expectedSummary(8, 700, 300, -1_000));
        assertThat(summary).allMatch(CurrencySummary::balanced);
    }

    @Test
    void closing_does_not_change_the_summary() {
        boolean tooFew = await(database.audit.close(database.pool, 9));
        boolean closed = await(database.audit.close(database.pool, 8));
        List<CurrencySummary> afterClosing = await(database.audit.summary(database.pool));

        await(database.handle(List.of(charge("o3", "u1", 100), refund("o1"))));

        assertThat(tooFew).isFalse();
        assertThat(closed).isTrue();
        assertThat(database.number("SELECT sum(entries)::bigint FROM ledger_closed"))
                .isEqualTo(8);
        assertThat(afterClosing).containsExactly(expectedSummary(8, 700, 300, -1_000));
        assertThat(await(database.audit.summary(database.pool))).containsExactly(expectedSummary(12, 900, 100, -1_000));
        assertThat(await(database.audit.close(database.pool, 1))).isTrue();
        assertThat(await(database.audit.summary(database.pool))).containsExactly(expectedSummary(12, 900, 100, -1_000));
    }

    @Test
    void closing_waits_for_an_open_writer_with_lower_sequence_numbers() {
        SqlConnection slow = await(database.pool.getConnection());
        Transaction transaction = await(slow.begin());
        database.deposit("u2", 50);
        await(database.processor.handle(slow, List.of(charge("o3", "u1", 100))));
        database.deposit("u2", 50);

        Future<Boolean> closing = database.audit.close(database.pool, 1);
        Awaitility.await().until(() -> database.number(WAITING_FOR_WRITERS) == 1);
        boolean waited = !closing.isComplete();
        await(transaction.commit());
        await(closing);
        await(slow.close());

        assertThat(waited).isTrue();
        assertThat(database.number("SELECT sum(entries)::bigint FROM ledger_closed"))
                .isEqualTo(14);
        assertThat(await(database.audit.summary(database.pool))).containsExactly(expectedSummary(14, 700, 400, -1_100));
    }

    @Test
    void of_concurrent_closings_one_counts_every_entry_once() {
        List<Boolean> closed = await(Future.join(IntStream.range(0, 5)
                        .mapToObj(i -> database.audit.close(database.pool, 1))
                        .toList())
                .map(CompositeFuture::<Boolean>list));

        assertThat(closed).containsOnlyOnce(true);
        assertThat(database.number("SELECT sum(entries)::bigint FROM ledger_closed"))
                .isEqualTo(8);
        assertThat(await(database.audit.summary(database.pool))).containsExactly(expectedSummary(8, 700, 300, -1_000));
    }

    private static CurrencySummary expectedSummary(long entries, long users, long revenue, long externalFunds) {
        return new CurrencySummary(
                PaymentDatabase.CURRENCY,
                BigDecimal.ZERO,
                entries,
                BigDecimal.valueOf(users),
                BigDecimal.valueOf(users),
                BigDecimal.valueOf(revenue),
                BigDecimal.valueOf(externalFunds));
    }
}
