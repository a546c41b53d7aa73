package dev.lockstep.payment;

import static dev.lockstep.payment.PaymentDatabase.charge;
import static dev.lockstep.payment.PaymentDatabase.refund;
import static dev.lockstep.testing.Futures.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vertx.core.Future;
import io.vertx.pgclient.PgException;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The constraints that the database enforces on the ledger for every writer. */
@DisplayNameGeneration(ReplaceUnderscores.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class LedgerIT {
    @RegisterExtension
    final PaymentDatabase database = new PaymentDatabase();

    @BeforeAll
    void createPostings() {
        database.deposit("u1", 1_000);
        await(database.handle(List.of(charge("o1", "u1", 300), charge("o2", "u1", 200), refund("o2"))));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "UPDATE ledger_entry SET amount = 0",
                "DELETE FROM ledger_entry",
                "TRUNCATE ledger_entry",
                "UPDATE ledger_entry SET at = now() WHERE account = 'unknown'"
            })
    void ledger_entries_cannot_be_changed(String statement) {
        Future<?> change = database.pool.query(statement).execute();

        assertThatThrownBy(() -> await(change)).hasMessageContaining("append-only");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "(uuidv7(), 'u1', 'KRW', 5, NULL, 'DEPOSIT')",
                "('018f0000-0000-7000-8000-000000000001', 'u1', 'KRW', 5, NULL, 'DEPOSIT'),"
                        + " ('018f0000-0000-7000-8000-000000000001', 'system:external-funds', 'USD', -5, NULL, 'DEPOSIT')"
            })
    void a_posting_must_sum_to_zero(String entries) {
        Future<?> posting = database.pool
                .query("INSERT INTO ledger_entry (posting, account, currency, amount, order_id, kind) VALUES "
                        + entries)
                .execute();

        assertThatThrownBy(() -> await(posting)).hasMessageContaining("does not sum to zero");
    }

    @Test
    void an_order_cannot_be_charged_twice() {
        Future<?> second = database.pool
                .query("INSERT INTO ledger_entry (posting, account, currency, amount, order_id, kind) VALUES"
                        + " ('018f0000-0000-7000-8000-000000000001', 'u2', 'KRW', -300, 'o1', 'CHARGE'),"
                        + " ('018f0000-0000-7000-8000-000000000001', 'system:revenue', 'KRW', 300, 'o1', 'CHARGE')")
                .execute();

        assertThatThrownBy(() -> await(second))
                .isInstanceOfSatisfying(
                        PgException.class, e -> assertThat(e.getConstraint()).isEqualTo("ledger_entry_once"));
    }

    @Test
    void an_account_cannot_be_overdrawn() {
        Future<?> update = database.pool
                .query("UPDATE account SET balance = balance - 701")
                .execute();

        assertThatThrownBy(() -> await(update))
                .isInstanceOfSatisfying(
                        PgException.class, e -> assertThat(e.getConstraint()).isEqualTo("account_never_overdrawn"));
    }
}
