package dev.lockstep.order.violations;

import dev.lockstep.messaging.delivery.MessageCodec;
import dev.lockstep.messaging.delivery.MessageHandler;
import dev.lockstep.runtime.ServiceResources;
import io.vertx.core.Future;
import java.util.List;

/** A deliberate violation. */
public final class ShellOpeningConsumer {
    public Future<Void> open(ServiceResources resources, MessageCodec<String> codec, MessageHandler<String> handler) {
        return resources.startConsumer(List.of("order.created"), codec, handler);
    }
}
