package dev.lockstep.payment;

import dev.lockstep.contracts.ChargePayment;
import dev.lockstep.contracts.Money;
import dev.lockstep.contracts.PaymentCommand;
import dev.lockstep.contracts.RefundPayment;
import dev.lockstep.contracts.Topics;
import dev.lockstep.embedded.LocalPostgres;
import dev.lockstep.embedded.TestServers;
import dev.lockstep.messaging.MessagingSchema;
import dev.lockstep.messaging.delivery.ReceivedMessage;
import dev.lockstep.messaging.outbox.Outbox;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.pgclient.PgBuilder;
import io.vertx.pgclient.PgConnectOptions;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.PoolOptions;
import io.vertx.sqlclient.Row;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.stream.StreamSupport;
import org.flywaydb.core.Flyway;
import org.postgresql.ds.PGSimpleDataSource;

/** A separate payment database and the components of the service that use it, without Kafka. */
final class PaymentDatabase implements AutoCloseable {
    static final String TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    static final String CURRENCY = "KRW";

    final Vertx vertx = Vertx.vertx();
    final Pool pool;
    final AccountStore accounts = new AccountStore();
    final PaymentStore payments = new PaymentStore();
    final LedgerStore ledger = new LedgerStore();
    final LedgerAudit audit = new LedgerAudit();
    final PaymentProcessor processor = new PaymentProcessor(payments, accounts, ledger, new Outbox());
    final DepositProcessor deposits;

    PaymentDatabase() {
        LocalPostgres postgres = TestServers.postgres();
        String database = TestServers.newDatabase("payments");
        PGSimpleDataSource migrations = new PGSimpleDataSource();
        migrations.setUrl(postgres.jdbcUrl(database));
        MessagingSchema.migrate(migrations);
        Flyway.configure()
                .dataSource(migrations)
                .locations("classpath:db/migration/payment")
                .baselineOnMigrate(true)
                .baselineVersion("0")
                .load()
                .migrate();
        pool = PgBuilder.pool()
                .connectingTo(PgConnectOptions.fromUri(postgres.uri(database))
                        .setUser(LocalPostgres.USER)
                        .setPassword(LocalPostgres.PASSWORD)
                        .setPipeliningLimit(256))
                .with(new PoolOptions().setMaxSize(8))
                .using(vertx)
                .build();
        deposits = new DepositProcessor(pool, accounts, new DepositStore(), ledger);
    }

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
        Iterable<Row> rows = await(pool.query(query).execute());
        return StreamSupport.stream(rows.spliterator(), false)
                .map(row -> row.getString(0))
                .toList();
    }

    static <T> T await(Future<T> future) {
        return future.timeout(60, TimeUnit.SECONDS).await();
    }

    @Override
    public void close() {
        await(pool.close());
        await(vertx.close());
    }
}
