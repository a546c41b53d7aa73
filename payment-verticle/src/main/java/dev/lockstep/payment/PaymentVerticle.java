package dev.lockstep.payment;

import dev.lockstep.contracts.Topics;
import dev.lockstep.messaging.http.BoundedReads;
import dev.lockstep.messaging.outbox.Outbox;
import dev.lockstep.runtime.ServiceContext;
import dev.lockstep.runtime.ServiceResources;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Opens the resources of the payment service and closes them in reverse order. All behaviour is in the collaborators. */
public final class PaymentVerticle extends VerticleBase {
    private final PaymentConfig config;
    private final ServiceContext service;
    private @Nullable ServiceResources resources;
    private @Nullable LedgerClosing closing;

    PaymentVerticle(PaymentConfig config, ServiceContext service) {
        this.config = config;
        this.service = service;
    }

    @Override
    public Future<?> start() {
        ServiceResources opened = ServiceResources.open(vertx, service);
        resources = opened;
        AccountStore accounts = new AccountStore();
        PaymentStore payments = new PaymentStore();
        LedgerStore ledger = new LedgerStore();
        LedgerAudit audit = new LedgerAudit();
        LedgerClosing ledgerClosing = new LedgerClosing(vertx, opened.pool(), audit, config.ledgerCloseInterval());
        closing = ledgerClosing;
        new PaymentRoutes(
                        opened.readPool(),
                        BoundedReads.of(vertx, opened.readPool()),
                        new DepositProcessor(opened.pool(), accounts, new DepositStore(), ledger),
                        accounts,
                        payments,
                        ledger,
                        audit)
                .mount(opened.routes());
        PaymentProcessor processor = new PaymentProcessor(payments, accounts, ledger, new Outbox(service.tracing()));
        return opened.startMessaging()
                .compose(started ->
                        opened.startConsumer(List.of(Topics.PAYMENT_COMMANDS), PaymentMessages.CODEC, processor))
                .onSuccess(started -> ledgerClosing.start())
                .compose(started -> opened.listen());
    }

    @Override
    public Future<?> stop() {
        ServiceResources open = resources;
        if (open == null) {
            return Future.succeededFuture();
        }
        return open.stopConsumer()
                .eventually(() -> closing == null ? Future.succeededFuture() : closing.stop())
                .eventually(open::close);
    }
}
