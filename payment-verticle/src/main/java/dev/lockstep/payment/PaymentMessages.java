package dev.lockstep.payment;

import dev.lockstep.contracts.ChargePayment;
import dev.lockstep.contracts.DeclineReason;
import dev.lockstep.contracts.PaymentCharged;
import dev.lockstep.contracts.PaymentDeclined;
import dev.lockstep.contracts.PaymentEvent;
import dev.lockstep.contracts.PaymentRefunded;
import dev.lockstep.contracts.RefundPayment;
import dev.lockstep.contracts.Topics;
import dev.lockstep.messaging.delivery.MessageCodec;
import dev.lockstep.messaging.outbox.OutboxMessage;
import dev.lockstep.payment.domain.Money;
import dev.lockstep.payment.domain.OrderId;
import dev.lockstep.payment.domain.Payment.Charged;
import dev.lockstep.payment.domain.Payment.Decided;
import dev.lockstep.payment.domain.Payment.Declined;
import dev.lockstep.payment.domain.Payment.Refunded;
import dev.lockstep.payment.domain.PaymentCommand;
import dev.lockstep.payment.domain.UserId;
import org.jspecify.annotations.Nullable;

/** Maps command messages to domain commands, and decisions to reply messages. */
final class PaymentMessages {
    static final MessageCodec<dev.lockstep.contracts.PaymentCommand> CODEC = MessageCodec.of(
                    dev.lockstep.contracts.PaymentCommand.class)
            .keyedBy("orderId", dev.lockstep.contracts.PaymentCommand::orderId);
    private static final String AGGREGATE = "payment";

    private PaymentMessages() {}

    static PaymentCommand command(dev.lockstep.contracts.PaymentCommand message) {
        OrderId orderId = new OrderId(message.orderId());
        return switch (message) {
            case ChargePayment charge ->
                new PaymentCommand.Charge(
                        orderId,
                        new UserId(charge.userId()),
                        new Money(charge.amount().amount(), charge.amount().currency()));
            case RefundPayment refund -> new PaymentCommand.Refund(orderId);
        };
    }

    static OutboxMessage answer(Decided payment, @Nullable String traceparent) {
        PaymentEvent event = event(payment);
        return OutboxMessage.of(AGGREGATE, event.orderId(), Topics.of(event), event, traceparent);
    }

    private static PaymentEvent event(Decided payment) {
        String orderId = payment.orderId().value();
        return switch (payment) {
            case Charged charged ->
                new PaymentCharged(
                        orderId,
                        new dev.lockstep.contracts.Money(
                                charged.amount().amount(), charged.amount().currency()));
            case Declined declined -> new PaymentDeclined(orderId, reason(declined));
            case Refunded refunded -> new PaymentRefunded(orderId);
        };
    }

    private static DeclineReason reason(Declined declined) {
        return switch (declined.reason()) {
            case INSUFFICIENT_FUNDS -> DeclineReason.INSUFFICIENT_FUNDS;
            case UNKNOWN_ACCOUNT -> DeclineReason.UNKNOWN_ACCOUNT;
            case CURRENCY_MISMATCH -> DeclineReason.CURRENCY_MISMATCH;
        };
    }
}
