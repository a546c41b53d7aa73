package dev.lockstep.inventory;

import dev.lockstep.contracts.Topics;
import dev.lockstep.inventory.domain.StockDecider;
import dev.lockstep.messaging.http.BoundedReads;
import dev.lockstep.messaging.outbox.Outbox;
import dev.lockstep.runtime.ServiceContext;
import dev.lockstep.runtime.ServiceResources;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Opens the resources of the inventory service and closes them in reverse order. All behaviour is in the collaborators. */
public final class InventoryVerticle extends VerticleBase {
    private final ServiceContext service;
    private @Nullable ServiceResources resources;

    InventoryVerticle(ServiceContext service) {
        this.service = service;
    }

    @Override
    public Future<?> start() {
        ServiceResources opened = ServiceResources.open(vertx, service);
        resources = opened;
        ProductStore products = new ProductStore();
        InventoryProcessor processor = new InventoryProcessor(
                new InventoryMessages(),
                new ReservationStore(),
                products,
                new Outbox(service.tracing()),
                new StockDecider());
        ProductRoutes.mount(
                opened.routes(), opened.pool(), opened.readPool(), BoundedReads.of(vertx, opened.readPool()), products);
        return opened.startMessaging()
                .compose(started ->
                        opened.startConsumer(List.of(Topics.INVENTORY_COMMANDS), InventoryMessages.CODEC, processor))
                .compose(started -> opened.listen());
    }

    @Override
    public Future<?> stop() {
        return resources == null ? Future.succeededFuture() : resources.close();
    }
}
