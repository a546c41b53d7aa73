package dev.lockstep.contracts;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;

@DisplayNameGeneration(ReplaceUnderscores.class)
class TopicsTest {
    @Test
    void every_message_has_its_documented_topic() {
        Map<String, Set<String>> messagesByTopic = SampleMessages.all()
                .collect(Collectors.groupingBy(
                        Topics::of,
                        Collectors.mapping(message -> message.getClass().getSimpleName(), Collectors.toSet())));

        assertThat(messagesByTopic)
                .isEqualTo(Map.of(
                        "order.created", Set.of("OrderCreated"),
                        "order.cancel-requested", Set.of("OrderCancelRequested"),
                        "order.confirmed", Set.of("OrderConfirmed"),
                        "order.cancelled", Set.of("OrderCancelled"),
                        "order.commands", Set.of("ConfirmOrder", "CancelOrder"),
                        "inventory.commands", Set.of("ReserveStock", "ReleaseStock"),
                        "inventory.updated", Set.of("StockReserved", "StockRejected", "StockReleased"),
                        "payment.commands", Set.of("ChargePayment", "RefundPayment"),
                        "payment.updated", Set.of("PaymentCharged", "PaymentDeclined", "PaymentRefunded")));
    }
}
