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
import dev.lockstep.bench.load.Client;
import dev.lockstep.bench.load.ClosedLoop;
import dev.lockstep.bench.load.LoadResult;
import dev.lockstep.bench.load.OpenLoop;
import dev.lockstep.bench.process.BenchPostgres;
import dev.lockstep.bench.process.CpuMeter;
import dev.lockstep.bench.process.PgBench;
import dev.lockstep.order.OrderIntake;
import dev.lockstep.runtime.Env;
import dev.lockstep.runtime.ServiceConfig;
import io.vertx.core.Future;
import io.vertx.sqlclient.Pool;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Supplier;

/** 01: durable orders a second without HTTP, and the latency at half of that rate. */
final class OrderWriteScenario implements Scenario {
    private static final Duration CLOSE_LIMIT = Duration.ofSeconds(10);
    private static final int IN_FLIGHT = 128;
    private static final int MAX_IN_FLIGHT = 8_192;
    private static final String SUBJECT = "group commit";
    private static final String ALONE = "one transaction for each order";

    @Override
    public String id() {
        return "01";
    }

    @Override
    public String title() {
        return "Durable write of an order, no HTTP, 128 in flight";
    }

    @Override
    public Set<String> tools() {
        return Set.of(PgBench.TOOL);
    }

    @Override
    public ScenarioResult run(Lab lab) {
        BenchPostgres postgres = BenchPostgres.start(lab, "orders").withTablesOf("order");
        PgBench pgbench = new PgBench(lab, postgres);
        PgBench.Load best = pgbench.fastest(
                OrderScripts.all(), lab.quick() ? List.of(8) : List.of(1, 8, 32, 64), lab.seconds(4, 1));
        Client client = lab.resources().add(new Client(1));
        Map<String, String> settings = new HashMap<>(postgres.connection());
        settings.put("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1");
        Pool pool = ServiceConfig.read(new Env(settings), "order-service", 0)
                .postgres()
                .pool(client.vertx(), "bench-pg");
        lab.resources().add(() -> Client.await(pool.close(), CLOSE_LIMIT));
        OrderIntake intake = new OrderIntake(client.context(), pool, settings);

        CpuMeter.Reading[] start = new CpuMeter.Reading[1];
        CpuMeter cpu = new CpuMeter().tree("postgres", postgres.pid()).self("client");
        CpuMeter cpuOfPgbench = new CpuMeter().tree("postgres", postgres.pid()).endedChildren("client");
        Duration time = lab.seconds(20, 2);
        List<Variant> variants = List.of(
                new Variant(best.describe(), Role.LIMIT, () -> {
                    postgres.checkpoint();
                    start[0] = cpuOfPgbench.read();
                    double rate = pgbench.run(best, time);
                    Map<String, Double> values =
                            CpuMeter.perUnit(start[0], cpuOfPgbench.read(), rate * time.toSeconds());
                    values.put(Metric.RATE, rate);
                    return values;
                }),
                new Variant(
                        SUBJECT,
                        Role.SUBJECT,
                        () -> measure(postgres, client, cpu, time, () -> intake.place("u1", "p1"))),
                new Variant(
                        ALONE,
                        Role.PEER,
                        () -> measure(postgres, client, cpu, time, () -> intake.placeAlone("u1", "p1"))));
        Rounds.Measured rounds = Rounds.run(lab, variants, () -> {});
        List<Summary> summaries = ScenarioResult.summaries(variants, rounds);
        Summary limit = summaries.get(0);
        Summary subject = summaries.get(1);
        return new ScenarioResult(
                id(),
                title(),
                "order",
                summaries,
                rounds,
                List.of(
                        Goal.atLeast(
                                "× pgbench",
                                ScenarioResult.ratio(subject.value(Metric.RATE), limit.value(Metric.RATE)),
                                4),
                        Goal.atMost("p99 in ms at half of the rate", subject.value(Metric.P99), 5)),
                postgres.durableSettings());
    }

    private static Map<String, Double> measure(
            BenchPostgres postgres, Client client, CpuMeter cpu, Duration time, Supplier<Future<?>> place) {
        postgres.checkpoint();
        Duration limit = time.multipliedBy(2).plusSeconds(60);
        Client.await(ClosedLoop.run(client.context(), IN_FLIGHT, Duration.ZERO, time.dividedBy(4), place), limit);
        CpuMeter.Reading start = cpu.read();
        LoadResult most = Client.await(ClosedLoop.run(client.context(), IN_FLIGHT, Duration.ZERO, time, place), limit)
                .complete("orders");
        Map<String, Double> values = new TreeMap<>(CpuMeter.perUnit(start, cpu.read(), (double) most.completed()));
        LoadResult half = Client.await(
                        OpenLoop.run(
                                client.context(), most.perSecond() / 2, MAX_IN_FLIGHT, time, intended -> place.get()),
                        limit)
                .complete("orders at half of the rate");
        values.put(Metric.RATE, most.perSecond());
        values.putAll(LoadResult.percentiles(half.latencies(), ""));
        return values;
    }
}
