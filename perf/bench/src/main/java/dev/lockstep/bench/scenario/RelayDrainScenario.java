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
import dev.lockstep.bench.app.BareServiceApp;
import dev.lockstep.bench.process.BenchKafka;
import dev.lockstep.bench.process.BenchPostgres;
import dev.lockstep.bench.process.ChildProcess;
import dev.lockstep.bench.process.CpuMeter;
import dev.lockstep.bench.process.ServiceUnderTest;
import dev.lockstep.bench.process.Waiting;
import dev.lockstep.embedded.LocalPostgres;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * 03 and 04: how fast the relay sends a backlog. Each round writes one, and both variants read the same WAL: the relay from its own slot,
 * {@code pg_recvlogical} from a slot that was created just before the backlog. The relay starts cold, so its first quarter of the backlog
 * is not counted.
 */
final class RelayDrainScenario implements Scenario {
    private static final String RECEIVER = "pg_recvlogical";
    private static final String LIMIT_SLOT = "bench_limit";
    private static final Duration DRAIN_LIMIT = Duration.ofMinutes(10);
    private static final Duration POLL = Duration.ofMillis(5);
    private static final int ROWS = 200_000;
    private static final int ROWS_WHEN_QUICK = 8_000;
    // The values of one row; i numbers the rows.
    private static final String VALUES = "'order', 'order-' || i, 'OrderCreated', '" + BareServiceApp.TOPIC
            + "', convert_to(repeat('x', 300), 'UTF8'), 1";
    private static final String INSERT =
            "INSERT INTO outbox (aggregatetype, aggregateid, type, topic, payload, sequence) ";

    private final String id;
    private final int rowsPerTransaction;
    private final double share;
    private final double maxCpu;

    private RelayDrainScenario(String id, int rowsPerTransaction, double share, double maxCpu) {
        this.id = id;
        this.rowsPerTransaction = rowsPerTransaction;
        this.share = share;
        this.maxCpu = maxCpu;
    }

    static RelayDrainScenario singleRows() {
        return new RelayDrainScenario("03", 1, 0.8, 30);
    }

    static RelayDrainScenario batches() {
        return new RelayDrainScenario("04", 50, 0.65, 30);
    }

    @Override
    public String id() {
        return id;
    }

    @Override
    public String title() {
        return "Relay of a backlog, " + (rowsPerTransaction == 1 ? "one row" : rowsPerTransaction + " rows")
                + " a transaction";
    }

    @Override
    public Set<String> tools() {
        return Set.of(RECEIVER);
    }

    @Override
    public ScenarioResult run(Lab lab) {
        BenchPostgres postgres = BenchPostgres.start(lab, "bench");
        BenchKafka kafka = BenchKafka.start(lab);
        kafka.createTopic(BareServiceApp.TOPIC);
        int rows = lab.count(ROWS, ROWS_WHEN_QUICK);
        // Creates the slot and the publication of the relay.
        startRelay(lab, postgres, kafka).close();

        List<Variant> variants = List.of(
                new Variant(RECEIVER, Role.LIMIT, () -> receive(lab, postgres, rows)),
                new Variant("relay", Role.SUBJECT, () -> relay(lab, postgres, kafka, rows)));
        Rounds.Measured rounds = Rounds.run(lab, variants, () -> writeBacklog(lab, postgres, rows));
        List<Summary> summaries = ScenarioResult.summaries(variants, rounds);
        Summary relay = summaries.get(1);
        return new ScenarioResult(
                id,
                title(),
                "row",
                summaries,
                rounds,
                List.of(
                        Goal.atLeast(
                                "× " + RECEIVER,
                                ScenarioResult.ratio(
                                        relay.value(Metric.RATE),
                                        summaries.getFirst().value(Metric.RATE)),
                                share),
                        Goal.atMost("CPU of the relay in µs per row", relay.value(Metric.CPU + "relay"), maxCpu)),
                postgres.durableSettings());
    }

    // Without synchronous_commit, because how fast the backlog is written is not measured; the WAL is the same.
    private void writeBacklog(Lab lab, BenchPostgres postgres, int rows) {
        lab.progress(String.format("writing %,d rows", rows));
        if (!postgres.query("SELECT 1 FROM pg_replication_slots WHERE slot_name = '" + LIMIT_SLOT + "'")
                .isEmpty()) {
            postgres.execute("SELECT pg_drop_replication_slot('" + LIMIT_SLOT + "')");
        }
        postgres.execute("SELECT pg_create_logical_replication_slot('" + LIMIT_SLOT + "', 'pgoutput')");
        String statement = rowsPerTransaction == 1
                ? INSERT + "VALUES (" + VALUES + ")"
                : INSERT + "SELECT " + VALUES + " FROM generate_series(t * " + rowsPerTransaction + ", (t + 1) * "
                        + rowsPerTransaction + " - 1) AS i";
        String loop = rowsPerTransaction == 1 ? "i" : "t";
        postgres.execute(
                "SET synchronous_commit = off",
                "DO $$ BEGIN FOR " + loop + " IN 0.." + (rows / rowsPerTransaction - 1) + " LOOP " + statement
                        + "; COMMIT; END LOOP; END $$");
        postgres.checkpoint();
    }

    private static Map<String, Double> receive(Lab lab, BenchPostgres postgres, int rows) {
        String end = postgres.queryText("SELECT pg_current_wal_insert_lsn()");
        List<String> command = List.of(
                lab.tool(RECEIVER),
                "--host=127.0.0.1",
                "--port=" + postgres.port(),
                "--username=" + LocalPostgres.USER,
                "--dbname=" + postgres.database(),
                "--slot=" + LIMIT_SLOT,
                "--start",
                "--endpos=" + end,
                "--no-loop",
                "--fsync-interval=0",
                "--option=proto_version=1",
                "--option=publication_names=lockstep_outbox",
                "--file=/dev/null");
        CpuMeter cpu = new CpuMeter().tree("postgres", postgres.pid()).endedChildren("receiver");
        CpuMeter.Reading start = cpu.read();
        long begun = System.nanoTime();
        try (ChildProcess process = ChildProcess.start(
                RECEIVER, command, Map.of("PGPASSWORD", LocalPostgres.PASSWORD), lab.log(RECEIVER))) {
            process.awaitSuccess(DRAIN_LIMIT);
        }
        double seconds = (System.nanoTime() - begun) / 1e9;
        Map<String, Double> values = CpuMeter.perUnit(start, cpu.read(), rows);
        String received = postgres.queryText("SELECT confirmed_flush_lsn >= '" + end
                + "' FROM pg_replication_slots WHERE slot_name = '" + LIMIT_SLOT + "'");
        if (!received.equals("t")) {
            throw new BenchException(RECEIVER + " ended before it had received the whole backlog");
        }
        values.put(Metric.RATE, rows / seconds);
        return values;
    }

    private static Map<String, Double> relay(Lab lab, BenchPostgres postgres, BenchKafka kafka, int rows) {
        long base = kafka.written(BareServiceApp.TOPIC);
        try (ServiceUnderTest relay = startRelay(lab, postgres, kafka)) {
            CpuMeter cpu = new CpuMeter()
                    .tree("postgres", postgres.pid())
                    .process("relay", relay.pid())
                    .process("kafka", kafka.pid());
            Waiting.until("the relay to send the first quarter", DRAIN_LIMIT, POLL, () -> {
                relay.requireAlive();
                return kafka.written(BareServiceApp.TOPIC) - base >= rows / 4;
            });
            long countedFrom = kafka.written(BareServiceApp.TOPIC);
            CpuMeter.Reading start = cpu.read();
            long begun = System.nanoTime();
            Waiting.until("the relay to send the backlog", DRAIN_LIMIT, POLL, () -> {
                relay.requireAlive();
                return kafka.written(BareServiceApp.TOPIC) - base >= rows;
            });
            double seconds = (System.nanoTime() - begun) / 1e9;
            double counted = base + rows - countedFrom;
            if (counted <= 0) {
                throw new BenchException("the relay sent the backlog before it could be observed: it needs more rows");
            }
            Map<String, Double> values = CpuMeter.perUnit(start, cpu.read(), counted);
            values.put(Metric.RATE, counted / seconds);
            return values;
        }
    }

    private static ServiceUnderTest startRelay(Lab lab, BenchPostgres postgres, BenchKafka kafka) {
        Map<String, String> settings = new HashMap<>(postgres.connection());
        settings.put("KAFKA_BOOTSTRAP_SERVERS", kafka.bootstrapServers());
        return ServiceUnderTest.start(lab, "relay", BareServiceApp.class, settings, "/health/live");
    }
}
