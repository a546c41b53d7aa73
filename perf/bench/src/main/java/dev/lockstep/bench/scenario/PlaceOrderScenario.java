package dev.lockstep.bench.scenario;

import dev.lockstep.bench.Goal;
import dev.lockstep.bench.Lab;
import dev.lockstep.bench.Metric;
import dev.lockstep.bench.Rounds;
import dev.lockstep.bench.Scenario;
import dev.lockstep.bench.ScenarioResult;
import dev.lockstep.bench.ScenarioResult.Summary;
import dev.lockstep.bench.Variant;
import dev.lockstep.bench.Variant.Role;
import dev.lockstep.bench.app.BareServiceApp;
import dev.lockstep.bench.load.Client;
import dev.lockstep.bench.load.ClosedLoop;
import dev.lockstep.bench.load.LoadResult;
import dev.lockstep.bench.load.OpenLoop;
import dev.lockstep.bench.process.BenchKafka;
import dev.lockstep.bench.process.BenchPostgres;
import dev.lockstep.bench.process.CpuMeter;
import dev.lockstep.bench.process.PgBench;
import dev.lockstep.bench.process.ServiceUnderTest;
import dev.lockstep.order.OrderApp;
import io.vertx.core.Future;
import java.net.URI;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Supplier;

/**
 * 02: from {@code POST /orders} to the durable 202, at the order service alone, without its relay: pgbench relays nothing either. The limit
 * is a service whose route only parses the body.
 */
final class PlaceOrderScenario implements Scenario {
    private static final int CONNECTIONS = 128;
    private static final int MAX_IN_FLIGHT = 8_192;
    private static final String SUBJECT = "POST /orders";
    private static final String EMPTY = "POST that only parses its body";

    @Override
    public String id() {
        return "02";
    }

    @Override
    public String title() {
        return "POST /orders to the durable 202, 128 connections";
    }

    @Override
    public Set<String> tools() {
        return Set.of(PgBench.TOOL);
    }

    @Override
    public ScenarioResult run(Lab lab) {
        BenchPostgres orders = BenchPostgres.start(lab, "orders");
        BenchPostgres bench = orders.another("bench");
        BenchKafka kafka = BenchKafka.start(lab);
        ServiceUnderTest order = start(lab, "order", OrderApp.class, orders, kafka);
        ServiceUnderTest bare = start(lab, "bare", BareServiceApp.class, bench, kafka);
        PgBench pgbench = new PgBench(lab, orders);
        PgBench.Load best =
                pgbench.fastest(OrderScripts.all(), lab.quick() ? List.of(8) : List.of(8, 32, 64), lab.seconds(4, 1));
        Client client = lab.resources().add(new Client(CONNECTIONS));
        OrderBodies bodies = OrderBodies.spread();
        CpuMeter cpuOfPgbench = new CpuMeter().tree("postgres", orders.pid()).endedChildren("client");
        Duration time = lab.seconds(20, 2);

        List<Variant> variants = List.of(
                new Variant(EMPTY, Role.LIMIT, () -> measure(orders, client, bare, bodies, time)),
                new Variant(SUBJECT, Role.SUBJECT, () -> measure(orders, client, order, bodies, time)),
                new Variant(best.describe(), Role.PEER, () -> {
                    orders.checkpoint();
                    CpuMeter.Reading start = cpuOfPgbench.read();
                    double rate = pgbench.run(best, time);
                    Map<String, Double> values = CpuMeter.perUnit(start, cpuOfPgbench.read(), rate * time.toSeconds());
                    values.put(Metric.RATE, rate);
                    return values;
                }));
        Rounds.Measured rounds = Rounds.run(lab, variants, () -> {});
        List<Summary> summaries = ScenarioResult.summaries(variants, rounds);
        double limit = summaries.get(0).value(Metric.RATE);
        Summary subject = summaries.get(1);
        double peer = summaries.get(2).value(Metric.RATE);
        return new ScenarioResult(
                id(),
                title(),
                "order",
                summaries,
                rounds,
                List.of(
                        Goal.atLeast("× the empty POST", ScenarioResult.ratio(subject.value(Metric.RATE), limit), 0.5),
                        Goal.atLeast("× pgbench", ScenarioResult.ratio(subject.value(Metric.RATE), peer), 2),
                        Goal.atMost("p99 in ms at half of the rate", subject.value(Metric.P99), 10)),
                orders.durableSettings());
    }

    private static ServiceUnderTest start(
            Lab lab, String name, Class<?> main, BenchPostgres database, BenchKafka kafka) {
        Map<String, String> settings = new HashMap<>(database.connection());
        settings.put("KAFKA_BOOTSTRAP_SERVERS", kafka.bootstrapServers());
        settings.put("RELAY_ENABLED", "false");
        // All connections come from one address.
        settings.put("HTTP_MAX_CONNECTIONS_PER_ADDRESS", String.valueOf(CONNECTIONS + 16));
        settings.put("HTTP_MAX_CONNECTIONS", String.valueOf(2 * CONNECTIONS));
        return ServiceUnderTest.start(lab, name, main, settings, "/health/live");
    }

    private static Map<String, Double> measure(
            BenchPostgres postgres, Client client, ServiceUnderTest service, OrderBodies bodies, Duration time) {
        postgres.checkpoint();
        URI uri = service.uri("/orders");
        Supplier<Future<String>> place = () -> client.placeOrder(uri, bodies.next());
        CpuMeter cpu = new CpuMeter()
                .tree("postgres", postgres.pid())
                .process("service", service.pid())
                .self("client");
        Duration limit = time.multipliedBy(2).plusSeconds(60);
        // The JIT compiler of a new service needs the first seconds.
        Client.await(ClosedLoop.run(client.context(), CONNECTIONS, Duration.ZERO, time.dividedBy(2), place), limit);
        CpuMeter.Reading start = cpu.read();
        LoadResult most = Client.await(ClosedLoop.run(client.context(), CONNECTIONS, Duration.ZERO, time, place), limit)
                .complete("requests");
        Map<String, Double> values = new TreeMap<>(CpuMeter.perUnit(start, cpu.read(), (double) most.completed()));
        LoadResult half = Client.await(
                        OpenLoop.run(
                                client.context(), most.perSecond() / 2, MAX_IN_FLIGHT, time, intended -> place.get()),
                        limit)
                .complete("requests at half of the rate");
        values.put(Metric.RATE, most.perSecond());
        values.putAll(LoadResult.percentiles(half.latencies(), ""));
        return values;
    }
}
