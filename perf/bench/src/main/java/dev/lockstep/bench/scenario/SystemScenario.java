package dev.lockstep.bench.scenario;

import dev.lockstep.bench.BenchException;
import dev.lockstep.bench.Goal;
import dev.lockstep.bench.Lab;
import dev.lockstep.bench.Metric;
import dev.lockstep.bench.Rounds;
import dev.lockstep.bench.Scenario;
import dev.lockstep.bench.ScenarioResult;
import dev.lockstep.bench.ScenarioResult.Summary;
import dev.lockstep.bench.Variant;
import dev.lockstep.bench.Variant.Role;
import dev.lockstep.bench.load.Client;
import dev.lockstep.bench.load.LoadResult;
import dev.lockstep.bench.load.OpenLoop;
import dev.lockstep.bench.process.AllInOne;
import dev.lockstep.bench.process.CpuMeter;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpMethod;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * 07 and 07b: the whole system. Orders arrive at a given rate, and each is followed until {@code order.confirmed} is readable on Kafka,
 * which is later than the commit of the state CONFIRMED. The rate of a variant is the number of confirmed orders divided by the time from
 * the first order until the last one was confirmed, so it is lower than the offered rate if a backlog has built up.
 */
final class SystemScenario implements Scenario {
    private static final List<Integer> RATES = List.of(50, 100, 300, 1_000, 2_500);
    private static final List<Integer> RATES_WHEN_QUICK = List.of(20);
    private static final int CONNECTIONS = 128;
    private static final int MAX_IN_FLIGHT = 8_192;
    private static final Duration SETUP_LIMIT = Duration.ofMinutes(1);
    private static final Duration DRAIN_LIMIT = Duration.ofMinutes(5);
    private static final String ACCEPTED = "accepted.";
    private static final String CONFIRMED = "confirmed.";
    private static final String SINCE_202 = "since202.";

    private final String id;
    private final String orders;
    private final OrderBodies bodies;

    private SystemScenario(String id, String orders, OrderBodies bodies) {
        this.id = id;
        this.orders = orders;
        this.bodies = bodies;
    }

    static SystemScenario spread() {
        return new SystemScenario("07", "100 products, 500 accounts", OrderBodies.spread());
    }

    static SystemScenario oneProductAndAccount() {
        return new SystemScenario("07b", "one product, one account", OrderBodies.same());
    }

    @Override
    public String id() {
        return id;
    }

    @Override
    public String title() {
        return "Whole system, POST to CONFIRMED, " + orders;
    }

    @Override
    public ScenarioResult run(Lab lab) {
        AllInOne system = AllInOne.start(lab, lab.newFolder("system"));
        Client client = lab.resources().add(new Client(CONNECTIONS));
        seed(client, system);
        OrderTracker tracker = lab.resources().add(OrderTracker.start(client, system.bootstrapServers()));
        // The JIT compiler has seen all code once before the first round, whatever its rate.
        place(lab, client, system, tracker, lab.count(300, 20), lab.seconds(60, 5));
        tracker.awaitAll(DRAIN_LIMIT);

        List<Variant> variants = (lab.quick() ? RATES_WHEN_QUICK : RATES)
                .stream()
                        .map(rate -> new Variant(
                                rate + " orders/s", Role.SUBJECT, () -> measure(lab, client, system, tracker, rate)))
                        .toList();
        Rounds.Measured rounds = Rounds.run(lab, variants, system::requireAlive);
        List<Summary> summaries = ScenarioResult.summaries(variants, rounds);
        return new ScenarioResult(
                id,
                title(),
                "order",
                summaries,
                rounds,
                lab.quick() ? List.of() : goals(summaries),
                system.durableSettings());
    }

    private static List<Goal> goals(List<Summary> summaries) {
        Summary at300 = summaries.get(RATES.indexOf(300));
        Summary most = summaries.getLast();
        return List.of(
                Goal.atMost("CPU in ms per order at 300/s", at300.cpu() / 1_000, 2),
                Goal.atMost("202 to confirmed at 300/s, p50 in ms", at300.value(SINCE_202 + Metric.P50), 40),
                Goal.atMost("202 to confirmed at 300/s, p99 in ms", at300.value(SINCE_202 + Metric.P99), 150),
                Goal.atLeast("confirmed orders/s", most.value(Metric.RATE), 2_500));
    }

    private Map<String, Double> measure(Lab lab, Client client, AllInOne system, OrderTracker tracker, int rate) {
        place(lab, client, system, tracker, rate, lab.seconds(20, 2));
        tracker.awaitAll(DRAIN_LIMIT);
        client.call(tracker::reset);
        CpuMeter cpu = new CpuMeter()
                .tree("postgres", system.postgresPid())
                .process("services and kafka", system.pid())
                .self("client");
        double transactions = transactions(system);
        CpuMeter.Reading start = cpu.read();
        long begun = System.nanoTime();
        LoadResult placed = place(lab, client, system, tracker, rate, lab.seconds(60, 4));
        tracker.awaitAll(DRAIN_LIMIT);
        double seconds = (client.call(tracker::lastConfirmed) - begun) / 1e9;
        long confirmed = client.call(tracker::confirmed);
        CpuMeter.Reading end = cpu.read();
        long cancelled = client.call(tracker::cancelled);
        if (confirmed == 0 || confirmed + cancelled != placed.completed()) {
            throw new BenchException("of " + placed.completed() + " accepted orders, " + confirmed
                    + " were confirmed and " + cancelled + " cancelled");
        }
        Map<String, Double> values = new TreeMap<>(CpuMeter.perUnit(start, end, (double) confirmed));
        values.put(Metric.RATE, confirmed / seconds);
        values.put("offered", (double) rate);
        values.put("refused", (double) placed.failed() + placed.skipped());
        values.put("cancelled", (double) cancelled);
        values.put("cores busy", end.since(start) / seconds);
        values.put("transactions per order", (transactions(system) - transactions) / confirmed);
        values.putAll(LoadResult.percentiles(placed.latencies(), ACCEPTED));
        values.putAll(client.call(() -> tracker.sinceIntended(CONFIRMED)));
        values.putAll(client.call(() -> tracker.sinceAccepted(SINCE_202)));
        values.put(Metric.P50, values.getOrDefault(SINCE_202 + Metric.P50, 0.0));
        values.put(Metric.P99, values.getOrDefault(SINCE_202 + Metric.P99, 0.0));
        values.put(Metric.MAX, values.getOrDefault(SINCE_202 + Metric.MAX, 0.0));
        return values;
    }

    // Requests that are refused under overload are counted, not an error: that is what an overloaded service is to do.
    private LoadResult place(Lab lab, Client client, AllInOne system, OrderTracker tracker, int rate, Duration time) {
        URI uri = system.uri("order", "/orders");
        LoadResult result = Client.await(
                OpenLoop.run(
                        client.context(),
                        rate,
                        MAX_IN_FLIGHT,
                        time,
                        intended -> client.placeOrder(uri, bodies.next())
                                .onSuccess(orderId -> tracker.accepted(orderId, intended))),
                time.plusSeconds(90));
        if (lab.quick()) {
            result.complete("orders");
        }
        return result;
    }

    private static double transactions(AllInOne system) {
        return system.number(
                "orders",
                "SELECT sum(xact_commit + xact_rollback) FROM pg_stat_database WHERE datname IN ('orders',"
                        + " 'inventory', 'payments', 'sagas')");
    }

    private void seed(Client client, AllInOne system) {
        for (String product : bodies.products()) {
            send(client, HttpMethod.PUT, system.uri("inventory", "/products/" + product), """
                {"name":"Benchmark","unitPrice":{"amount":10,"currency":"KRW"},"available":1000000000}\
                """);
        }
        for (String user : bodies.users()) {
            send(client, HttpMethod.POST, system.uri("payment", "/accounts/" + user + "/deposits"), """
                {"amount":1000000000000,"currency":"KRW"}\
                """);
        }
    }

    private static void send(Client client, HttpMethod method, URI uri, String body) {
        Future<Integer> status = client.send(method, uri, Buffer.buffer(body)).map(response -> response.statusCode());
        int code = Client.await(status, SETUP_LIMIT);
        if (code >= 300) {
            throw new BenchException(method + " " + uri + " was answered " + code);
        }
    }
}
