package dev.lockstep.payment;

import static dev.lockstep.testing.Futures.await;

import dev.lockstep.contracts.ChargePayment;
import dev.lockstep.contracts.Money;
import dev.lockstep.contracts.PaymentCommand;
import dev.lockstep.contracts.RefundPayment;
import dev.lockstep.contracts.Topics;
import dev.lockstep.messaging.MessagingSchema;
import dev.lockstep.messaging.delivery.ReceivedMessage;
import dev.lockstep.messaging.outbox.Outbox;
import dev.lockstep.testing.DatabaseTemplate;
import dev.lockstep.testing.TestResource;
import dev.lockstep.testing.VertxDatabase;
import io.vertx.core.Future;
import io.vertx.sqlclient.Pool;
import java.util.List;
import java.util.UUID;

/** A separate payment database and the components of the service that use it, without Kafka. */
final class PaymentDatabase extends TestResource {
    static final String TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    static final String CURRENCY = "KRW";

    private static final DatabaseTemplate TABLES =
            DatabaseTemplate.ofService("payments", MessagingSchema::migrate, "db/migration/payment");

    private final VertxDatabase data = new VertxDatabase(TABLES, 8, options -> {
        options.setPipeliningLimit(256);
        return options;
    });
    final Pool pool = data.pool();
    final AccountStore accounts = new AccountStore();
    final PaymentStore payments = new PaymentStore();
    final LedgerStore ledger = new LedgerStore();
    final LedgerAudit audit = new LedgerAudit();
    final PaymentProcessor processor = new PaymentProcessor(payments, accounts, ledger, new Outbox());
    final DepositProcessor deposits = new DepositProcessor(pool, accounts, new DepositStore(), ledger);

    static ReceivedMessage<PaymentCommand> charge(String orderId, String userId, long amount) {
        return received(new ChargePayment(orderId, userId, new Money(amount, CURRENCY)));
    }

    static ReceivedMessage<PaymentCommand> refund(String orderId) {
        return received(new RefundPayment(orderId));
    }

    private static ReceivedMessage<PaymentCommand> received(PaymentCommand command) {
        return new ReceivedMessage<>(
                command, UUID.randomUUID(), Topics.PAYMENT_COMMANDS, 0, 0, command.orderId(), TRACE);
    }

    /** Handles the batch in one transaction. */
    Future<Void> handle(List<ReceivedMessage<PaymentCommand>> batch) {
        return pool.withTransaction(tx -> processor.handle(tx, batch)).mapEmpty();
    }

    void deposit(String userId, long amount) {
        await(deposits.deposit(
                new dev.lockstep.payment.domain.UserId(userId),
                new dev.lockstep.payment.domain.Money(amount, CURRENCY),
                null));
    }

    long balance(String userId) {
        return number("SELECT balance FROM account WHERE user_id = '" + userId + "'");
    }

    long number(String query) {
        return await(pool.query(query).execute()).iterator().next().getLong(0);
    }

    List<String> texts(String query) {
        return data.strings(query);
    }

    @Override
    public void close() {
        data.close();
    }
}
