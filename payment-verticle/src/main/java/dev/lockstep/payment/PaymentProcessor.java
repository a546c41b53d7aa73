package dev.lockstep.payment;

import dev.lockstep.messaging.delivery.LockedRows;
import dev.lockstep.messaging.delivery.MessageHandler;
import dev.lockstep.messaging.delivery.ReceivedMessage;
import dev.lockstep.messaging.outbox.Outbox;
import dev.lockstep.messaging.outbox.OutboxMessage;
import dev.lockstep.payment.domain.OrderId;
import dev.lockstep.payment.domain.Payment.Charged;
import dev.lockstep.payment.domain.Payment.Decided;
import dev.lockstep.payment.domain.PaymentBatch;
import dev.lockstep.payment.domain.PaymentCommand;
import dev.lockstep.payment.domain.PaymentCommand.Charge;
import dev.lockstep.payment.domain.UserId;
import io.vertx.core.Future;
import io.vertx.sqlclient.SqlConnection;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;

/**
 * Executes payment commands around {@link PaymentBatch}: locks the rows that a batch needs, decides in memory and writes the changes, all
 * in the consumer's transaction.
 *
 * <p>Payments are locked before accounts, and each table in key order. Batches therefore cannot deadlock, neither with each other nor with
 * deposits, which lock a single account. A batch writes each account at most once, however many of its orders belong to one user.
 */
final class PaymentProcessor implements MessageHandler<dev.lockstep.contracts.PaymentCommand> {
    private final PaymentStore payments;
    private final AccountStore accounts;
    private final LedgerStore ledger;
    private final Outbox outbox;

    PaymentProcessor(PaymentStore payments, AccountStore accounts, LedgerStore ledger, Outbox outbox) {
        this.payments = payments;
        this.accounts = accounts;
        this.ledger = ledger;
        this.outbox = outbox;
    }

    @Override
    public Future<Void> handle(
            SqlConnection tx, List<ReceivedMessage<dev.lockstep.contracts.PaymentCommand>> messages) {
        List<PaymentCommand> commands = messages.stream()
                .map(received -> PaymentMessages.command(received.message()))
                .toList();
        return payments.lock(tx, orderIds(commands))
                .compose(known -> accounts.lock(tx, userIds(commands, known))
                        .compose(found -> decideAndSave(tx, messages, commands, new PaymentBatch(known, found))));
    }

    @Override
    public Future<Set<UUID>> blockedMessages(
            SqlConnection tx, List<ReceivedMessage<dev.lockstep.contracts.PaymentCommand>> messages) {
        List<PaymentCommand> commands = messages.stream()
                .map(received -> PaymentMessages.command(received.message()))
                .toList();
        Set<OrderId> orderIds = orderIds(commands);
        return payments.lockedByOthers(tx, orderIds)
                .compose(lockedOrders -> payments.list(tx, orderIds)
                        .compose(known -> accounts.lockedByOthers(tx, userIds(commands, known))
                                .map(lockedUsers -> {
                                    Set<OrderId> blocked = new HashSet<>(lockedOrders);
                                    for (Decided payment : known) {
                                        if (payment instanceof Charged charged
                                                && lockedUsers.contains(charged.userId())) {
                                            blocked.add(charged.orderId());
                                        }
                                    }
                                    for (PaymentCommand command : commands) {
                                        if (command instanceof Charge charge && lockedUsers.contains(charge.userId())) {
                                            blocked.add(charge.orderId());
                                        }
                                    }
                                    return LockedRows.messagesThatNeed(
                                            blocked,
                                            messages,
                                            message -> Set.of(PaymentMessages.command(message)
                                                    .orderId()));
                                })));
    }

    private Future<Void> decideAndSave(
            SqlConnection tx,
            List<ReceivedMessage<dev.lockstep.contracts.PaymentCommand>> messages,
            List<PaymentCommand> commands,
            PaymentBatch batch) {
        List<OutboxMessage> answers = new ArrayList<>(commands.size());
        for (int i = 0; i < commands.size(); i++) {
            Decided payment = batch.handle(commands.get(i));
            answers.add(PaymentMessages.answer(payment, messages.get(i).traceparent()));
        }
        return save(tx, batch, answers);
    }

    // The statements are pipelined, and join waits for all of them. A failure must not go unnoticed: in a failed
    // transaction Postgres treats COMMIT as ROLLBACK without reporting an error.
    private Future<Void> save(SqlConnection tx, PaymentBatch batch, List<OutboxMessage> answers) {
        List<LedgerStore.IdentifiedPosting> postings =
                batch.postings().stream().map(LedgerStore.IdentifiedPosting::of).toList();
        return Future.join(List.of(
                        payments.save(tx, batch.newPayments(), batch.updatedPayments()),
                        accounts.update(tx, batch.changedAccounts()),
                        ledger.append(tx, postings),
                        outbox.append(tx, answers)))
                .mapEmpty();
    }

    private static Set<OrderId> orderIds(List<PaymentCommand> commands) {
        Set<OrderId> orderIds = HashSet.newHashSet(commands.size());
        commands.forEach(command -> orderIds.add(command.orderId()));
        return orderIds;
    }

    /** The users who are to be charged, and those who were charged and may get a refund. */
    private static Set<UserId> userIds(List<PaymentCommand> commands, List<Decided> known) {
        Set<UserId> userIds = new HashSet<>();
        for (PaymentCommand command : commands) {
            if (command instanceof Charge charge) {
                userIds.add(charge.userId());
            }
        }
        for (Decided payment : known) {
            if (payment instanceof Charged charged) {
                userIds.add(charged.userId());
            }
        }
        return userIds;
    }
}
