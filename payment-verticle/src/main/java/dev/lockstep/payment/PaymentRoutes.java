package dev.lockstep.payment;

import dev.lockstep.contracts.FieldConstraints;
import dev.lockstep.messaging.http.BoundedReads;
import dev.lockstep.messaging.http.JsonBody;
import dev.lockstep.messaging.http.Page;
import dev.lockstep.messaging.http.Problem;
import dev.lockstep.messaging.http.QueryParameters;
import dev.lockstep.messaging.http.Responses;
import dev.lockstep.payment.DepositProcessor.Outcome;
import dev.lockstep.payment.domain.OrderId;
import dev.lockstep.payment.domain.UserId;
import dev.lockstep.runtime.ServiceRoutes;
import dev.lockstep.runtime.auth.Access;
import dev.lockstep.runtime.auth.Caller;
import dev.lockstep.runtime.auth.Scope;
import io.vertx.core.Future;
import io.vertx.ext.web.RoutingContext;
import io.vertx.sqlclient.Pool;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** HTTP routes for accounts, payments and the ledger. */
final class PaymentRoutes {
    private static final String IDEMPOTENCY_KEY = "Idempotency-Key";
    private static final String NOT_BLANK = "must not be blank";

    private final Pool reads;
    private final BoundedReads lists;
    private final DepositProcessor deposits;
    private final AccountStore accounts;
    private final PaymentStore payments;
    private final LedgerStore ledger;
    private final LedgerAudit audit;

    /**
     * @param reads for single-row reads; deposits have a pool of their own
     * @param lists for reads that may return many rows
     */
    PaymentRoutes(
            Pool reads,
            BoundedReads lists,
            DepositProcessor deposits,
            AccountStore accounts,
            PaymentStore payments,
            LedgerStore ledger,
            LedgerAudit audit) {
        this.reads = reads;
        this.lists = lists;
        this.deposits = deposits;
        this.accounts = accounts;
        this.payments = payments;
        this.ledger = ledger;
        this.audit = audit;
    }

    void mount(ServiceRoutes routes) {
        Access own = Access.anyOf(Scope.ORDERS_READ, Scope.OPERATOR_READ);
        Access all = Access.anyOf(Scope.OPERATOR_READ);
        routes.get("/accounts", all, this::listAccounts)
                .get("/accounts/:userId", own, this::showAccount)
                .post("/accounts/:userId/deposits", Access.anyOf(Scope.ACCOUNTS_WRITE), this::deposit)
                .get("/payments/:orderId", own, this::showPayment)
                .get("/ledger", all, this::listLedger)
                .get("/ledger/summary", all, this::summariseLedger);
    }

    private void listAccounts(RoutingContext ctx) {
        QueryParameters query = QueryParameters.of(ctx);
        int limit = query.limit();
        long before = before(query);
        query.requireValid();
        answer(
                ctx,
                lists.read(tx -> accounts.page(tx, before, limit + 1))
                        .map(rows -> Page.of(rows, limit, row -> Long.toString(row.number())))
                        .map(found -> new Page<>(
                                found.data().stream()
                                        .map(row -> AccountView.of(row.account()))
                                        .toList(),
                                found.nextCursor())));
    }

    // Here and below, what belongs to another user is answered like a missing resource, so that callers cannot find out
    // what exists.
    private void showAccount(RoutingContext ctx) {
        String userId = userId(ctx);
        Caller caller = Caller.of(ctx);
        answer(
                ctx,
                accounts.find(reads, new UserId(userId))
                        .map(found -> found.filter(account -> maySee(caller, userId))
                                .map(AccountView::of)
                                .orElseThrow(() -> Problem.notFound("User " + userId + " has no account"))));
    }

    private void deposit(RoutingContext ctx) {
        String userId = userId(ctx);
        String key = ctx.request().getHeader(IDEMPOTENCY_KEY);
        DepositRequest request = DepositRequest.of(userId, JsonBody.read(ctx, DepositRequest.Body.class), key);
        deposits.deposit(request.userId(), request.amount(), key)
                .onSuccess(outcome -> answer(ctx, userId, outcome))
                .onFailure(ctx::fail);
    }

    private static void answer(RoutingContext ctx, String userId, Outcome outcome) {
        switch (outcome) {
            case Outcome.Deposited paid ->
                Responses.json(
                        ctx,
                        paid.made().opened() ? 201 : 200,
                        AccountView.of(paid.made().account()));
            case Outcome.CurrencyMismatch other ->
                ctx.fail(Problem.unprocessable("The currency of the account of " + userId + " is " + other.currency()));
            case Outcome.BalanceLimitExceeded tooMuch ->
                ctx.fail(Problem.unprocessable(
                        "The balance of " + userId + " would exceed the maximum balance of an account"));
            case Outcome.KeyReused taken ->
                ctx.fail(Problem.unprocessable(IDEMPOTENCY_KEY + " was already used for a deposit of "
                        + taken.amount().amount() + " " + taken.amount().currency()));
        }
    }

    private void showPayment(RoutingContext ctx) {
        String orderId = Objects.requireNonNull(ctx.pathParam("orderId"));
        checkOrderId(orderId);
        Caller caller = Caller.of(ctx);
        answer(
                ctx,
                payments.find(reads, new OrderId(orderId))
                        .map(found -> found.map(PaymentView::of)
                                .filter(payment -> maySee(caller, payment.userId()))
                                .orElseThrow(() -> Problem.notFound("Order " + orderId + " has no payment"))));
    }

    private void listLedger(RoutingContext ctx) {
        QueryParameters query = QueryParameters.of(ctx);
        int limit = query.limit();
        String account = query.text("account");
        if (account != null && account.isBlank()) {
            query.reject("account", NOT_BLANK);
        }
        String orderId = query.text("orderId");
        String problem = orderId == null ? null : FieldConstraints.orderIdProblem(orderId);
        if (problem != null) {
            query.reject("orderId", problem);
        }
        long before = before(query);
        query.requireValid();
        answer(
                ctx,
                lists.read(tx -> ledger.page(tx, account, orderId, before, limit + 1))
                        .map(rows -> Page.of(rows, limit, entry -> Long.toString(entry.seq()))));
    }

    private void summariseLedger(RoutingContext ctx) {
        answer(ctx, lists.read(audit::summary).map(PaymentRoutes::ledgerSummary));
    }

    private static Map<String, Object> ledgerSummary(List<LedgerAudit.CurrencySummary> currencies) {
        Map<String, Object> summary = new LinkedHashMap<>();
        summary.put("balanced", currencies.stream().allMatch(LedgerAudit.CurrencySummary::balanced));
        summary.put("data", currencies);
        return summary;
    }

    private static boolean maySee(Caller caller, @Nullable String userId) {
        return caller.has(Scope.OPERATOR_READ) || caller.is(userId);
    }

    private static String userId(RoutingContext ctx) {
        String id = Objects.requireNonNull(ctx.pathParam("userId"));
        if (id.isBlank()) {
            throw Problem.badRequest("userId", NOT_BLANK);
        }
        return id;
    }

    private static void checkOrderId(String id) {
        String problem = FieldConstraints.orderIdProblem(id);
        if (problem != null) {
            throw Problem.badRequest("orderId", problem);
        }
    }

    private static long before(QueryParameters query) {
        return Objects.requireNonNullElse(query.cursor(QueryParameters::wholeNumber), Long.MAX_VALUE);
    }

    private static void answer(RoutingContext ctx, Future<?> body) {
        body.onSuccess(found -> Responses.json(ctx, 200, found)).onFailure(ctx::fail);
    }
}
