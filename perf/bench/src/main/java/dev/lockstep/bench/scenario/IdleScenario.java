package dev.lockstep.bench.scenario;

import dev.lockstep.bench.Goal;
import dev.lockstep.bench.Lab;
import dev.lockstep.bench.Rounds;
import dev.lockstep.bench.Scenario;
import dev.lockstep.bench.ScenarioResult;
import dev.lockstep.bench.ScenarioResult.Summary;
import dev.lockstep.bench.Variant;
import dev.lockstep.bench.Variant.Role;
import dev.lockstep.bench.process.AllInOne;
import dev.lockstep.bench.process.BenchKafka;
import dev.lockstep.bench.process.BenchPostgres;
import dev.lockstep.bench.process.CpuMeter;
import dev.lockstep.bench.process.ProcFs;
import dev.lockstep.bench.process.ServiceUnderTest;
import dev.lockstep.bench.process.Waiting;
import dev.lockstep.order.OrderApp;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** 09: what the system needs while nothing happens, and how long it takes to start. */
final class IdleScenario implements Scenario {
    private static final String READY = "ready after s";
    private static final String MEMORY = "memory in MB";
    private static final String CPU_SHARE = "% of a core";
    private static final double MEGABYTE = 1024 * 1024;

    @Override
    public String id() {
        return "09";
    }

    @Override
    public String title() {
        return "At rest, and at start";
    }

    @Override
    public ScenarioResult run(Lab lab) {
        Path data = lab.newFolder("system");
        // Creates the data and the schemas: a start is measured on a folder that exists.
        AllInOne.start(lab, data).close();
        BenchPostgres postgres = BenchPostgres.start(lab, "orders");
        BenchKafka kafka = BenchKafka.start(lab);

        List<Variant> variants = List.of(
                new Variant("all in one", Role.SUBJECT, () -> allInOne(lab, data)),
                new Variant("order service", Role.SUBJECT, () -> oneService(lab, postgres, kafka)));
        Rounds.Measured rounds = Rounds.run(lab, variants, () -> {});
        List<Summary> summaries = ScenarioResult.summaries(variants, rounds);
        Summary all = summaries.get(0);
        Summary one = summaries.get(1);
        return new ScenarioResult(
                id(),
                title(),
                "process",
                summaries,
                rounds,
                List.of(
                        Goal.atMost("all in one: memory in MB", all.value(MEMORY), 1_200),
                        Goal.atMost("all in one: % of a core", all.value(CPU_SHARE), 2),
                        Goal.atMost("all in one: ready after s", all.value(READY), 8),
                        Goal.atMost("one service: memory in MB", one.value(MEMORY), 300),
                        Goal.atMost("one service: ready after s", one.value(READY), 4)),
                postgres.durableSettings());
    }

    private static Map<String, Double> allInOne(Lab lab, Path data) {
        try (AllInOne system = AllInOne.start(lab, data)) {
            Map<String, Double> values = new TreeMap<>();
            values.put(READY, system.startSeconds());
            values.putAll(atRest(
                    lab,
                    new CpuMeter().tree("postgres", system.postgresPid()).process("services and kafka", system.pid())));
            values.put(
                    MEMORY, (ProcFs.memoryOfTree(system.pid()) + ProcFs.memoryOfTree(system.postgresPid())) / MEGABYTE);
            return values;
        }
    }

    private static Map<String, Double> oneService(Lab lab, BenchPostgres postgres, BenchKafka kafka) {
        Map<String, String> settings = new HashMap<>(postgres.connection());
        settings.put("KAFKA_BOOTSTRAP_SERVERS", kafka.bootstrapServers());
        long begun = System.nanoTime();
        try (ServiceUnderTest service =
                ServiceUnderTest.start(lab, "order", OrderApp.class, settings, "/health/ready")) {
            Map<String, Double> values = new TreeMap<>();
            values.put(READY, (System.nanoTime() - begun) / 1e9);
            values.putAll(atRest(
                    lab,
                    new CpuMeter()
                            .tree("postgres", postgres.pid())
                            .process("service", service.pid())
                            .process("kafka", kafka.pid())));
            values.put(MEMORY, ProcFs.memoryOfTree(service.pid()) / MEGABYTE);
            return values;
        }
    }

    // After a while, because the JIT compiler works on after a start.
    private static Map<String, Double> atRest(Lab lab, CpuMeter cpu) {
        Waiting.pause(lab.seconds(30, 2));
        Duration time = lab.seconds(60, 2);
        CpuMeter.Reading start = cpu.read();
        Waiting.pause(time);
        CpuMeter.Reading end = cpu.read();
        Map<String, Double> values = new TreeMap<>();
        values.put(CPU_SHARE, 100 * end.since(start) / time.toSeconds());
        end.seconds()
                .forEach((part, seconds) -> values.put(
                        CPU_SHARE + ", " + part,
                        100 * (seconds - start.seconds().getOrDefault(part, 0.0)) / time.toSeconds()));
        return values;
    }
}
