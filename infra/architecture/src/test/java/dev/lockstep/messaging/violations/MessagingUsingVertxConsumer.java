package dev.lockstep.messaging.violations;

import io.vertx.core.Future;
import io.vertx.kafka.client.consumer.KafkaConsumer;

/** A deliberate violation. */
public final class MessagingUsingVertxConsumer {
    public Future<Void> subscribe(KafkaConsumer<String, String> consumer) {
        return consumer.subscribe("orders");
    }
}
