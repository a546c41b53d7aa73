package dev.lockstep.faults;

import dev.lockstep.embedded.TcpProxy;
import dev.lockstep.faults.agent.CrashPoint;
import dev.lockstep.faults.agent.Protection;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/** Processes that are killed, frozen, added and removed. */
final class ProcessCases {
    private static final List<Service> ALL = List.of(Service.values());
    // Longer than the consumers' session timeout, which is 6 s in the suite.
    private static final Duration FREEZE = Duration.ofSeconds(9);

    // Six times the slowest takeover: see the relay's README.
    private static final Duration TAKEOVER_LIMIT = Duration.ofSeconds(60);

    private ProcessCases() {}

    static List<FaultCase> all() {
        return List.of(
                FaultCase.of(
                        "kill-services",
                        "kill -9 of each service at random moments",
                        Protection.OFFSETS,
                        ProcessCases::killServices),
                FaultCase.of(
                        "crash-in-transaction",
                        "kill -9 between claim, state, outbox and commit, in each service",
                        Protection.TRANSACTION,
                        run -> crash(
                                run, List.of(CrashPoint.CLAIMED, CrashPoint.STATE_WRITTEN, CrashPoint.OUTBOX_WRITTEN))),
                FaultCase.of(
                        "crash-after-commit",
                        "kill -9 between commit and offset commit, in each service",
                        Protection.REPEATS,
                        run -> crash(
                                run,
                                List.of(CrashPoint.COMMITTED, CrashPoint.BEFORE_OFFSETS, CrashPoint.AFTER_OFFSETS))),
                FaultCase.of(
                        "crash-in-relay",
                        "kill -9 between commit, relay, acknowledgement and confirmation, in each service, with a"
                                + " slow Kafka",
                        Protection.ACKNOWLEDGEMENT,
                        ProcessCases::crashInRelay),
                FaultCase.of(
                        "crash-before-answer",
                        "kill -9 between an order's commit and the HTTP response",
                        Protection.IDEMPOTENCY_KEY,
                        ProcessCases::crashBeforeAnswer),
                FaultCase.of(
                        "kill-kafka",
                        "kill -9 of Kafka, and of a service while Kafka is down",
                        Protection.ACKNOWLEDGEMENT,
                        ProcessCases::killKafka),
                FaultCase.of(
                        "freeze-kafka",
                        "Kafka frozen for longer than the session timeout, and a service killed meanwhile",
                        Protection.ACKNOWLEDGEMENT,
                        ProcessCases::freezeKafka),
                FaultCase.of(
                        "kill-postgres",
                        "kill -9 of all Postgres processes",
                        Protection.TRANSACTION,
                        ProcessCases::killPostgres),
                FaultCase.of(
                        "restart-postgres",
                        "Postgres restarted while batches are in flight to Kafka",
                        Protection.ACKNOWLEDGEMENT,
                        ProcessCases::restartPostgres),
                FaultCase.of(
                        "rebalance",
                        "second instances of the services started, and instances ended by SIGTERM and kill -9",
                        Protection.REPEATS,
                        ProcessCases::rebalance),
                FaultCase.of(
                        "relay-failover",
                        "the leading one of two relays killed, frozen, and cut off from Kafka",
                        Protection.ACKNOWLEDGEMENT,
                        ProcessCases::relayFailover),
                FaultCase.of(
                        "late-answers",
                        "inventory and payment frozen until after the deadline of the orders",
                        Protection.UNDO,
                        ProcessCases::lateAnswers));
    }

    // The delay makes transactions last long enough to be hit between any two of their statements.
    private static void slowPostgres(CaseRun run) {
        ALL.forEach(service -> run.stack().postgresProxy(service).delay(Duration.ofMillis(20)));
    }

    private static void killServices(CaseRun run) {
        slowPostgres(run);
        for (int round = 0; round < run.times(4, 1); round++) {
            List<Service> shuffled = new ArrayList<>(ALL);
            Collections.shuffle(shuffled, run.random());
            for (Service service : shuffled) {
                run.pause(200, 1_500);
                run.stack().service(service).kill();
                run.injected();
            }
            run.awaitProgress();
        }
    }

    // The short suite has no time to crash each service at each point, so each service crashes at one point of its own.
    private static void crash(CaseRun run, List<CrashPoint> points) {
        List<CrashPoint> shuffled = new ArrayList<>(points);
        Collections.shuffle(shuffled, run.random());
        for (int round = 0; round < run.times(points.size(), 1); round++) {
            Map<Service, CrashPoint> crashes = new EnumMap<>(Service.class);
            for (int i = 0; i < ALL.size(); i++) {
                crashes.put(ALL.get(i), shuffled.get((round + i) % points.size()));
            }
            run.crash(crashes);
        }
    }

    // The slow network keeps rows unsent when the relay dies; a premature confirmation loses exactly these rows.
    private static void crashInRelay(CaseRun run) {
        ALL.forEach(service -> run.stack().kafkaProxy(service).delay(Duration.ofMillis(300)));
        crash(run, List.of(CrashPoint.CAPTURED, CrashPoint.SENT, CrashPoint.ACKNOWLEDGED, CrashPoint.CONFIRMED));
        run.stack().heal();
    }

    private static void crashBeforeAnswer(CaseRun run) {
        for (int i = 0; i < run.times(3, 1); i++) {
            run.crash(Map.of(Service.ORDER, CrashPoint.ORDER_COMMITTED));
        }
    }

    private static void killKafka(CaseRun run) {
        for (int i = 0; i < run.times(3, 1); i++) {
            run.pause(500, 2_000);
            run.stack().kafka().killWithoutRestart();
            run.injected();
            // Unacknowledged rows accumulate.
            run.pause(1_500, 2_500);
            run.stack().service(Service.ORDER).kill();
            run.injected();
            run.pause(200, 1_000);
            run.stack().kafka().start();
            run.awaitProgress();
        }
    }

    private static void freezeKafka(CaseRun run) {
        for (int i = 0; i < run.times(2, 1); i++) {
            run.stack().kafka().freeze();
            run.injected();
            run.pause(FREEZE.dividedBy(2));
            run.stack().service(Service.ORDER).kill();
            run.injected();
            run.pause(FREEZE.dividedBy(2));
            run.stack().kafka().resume();
            run.awaitProgress();
        }
    }

    private static void killPostgres(CaseRun run) {
        slowPostgres(run);
        for (int i = 0; i < run.times(5, 2); i++) {
            run.pause(500, 2_000);
            run.stack().killPostgres();
            run.injected();
            run.pause(100, 1_000);
            run.stack().postgres().restart();
            run.awaitProgress();
        }
    }

    private static void restartPostgres(CaseRun run) {
        for (int i = 0; i < run.times(3, 1); i++) {
            // With a slow Kafka every batch is in flight for a while. A relay that loses Postgres gives up its batch.
            ALL.forEach(service -> run.stack().kafkaProxy(service).delay(Duration.ofMillis(400)));
            run.pause(1_000, 2_000);
            run.stack().postgres().restart();
            run.injected();
            ALL.forEach(service -> run.stack().service(service).kill());
            run.stack().heal();
            run.awaitProgress();
        }
    }

    private static void rebalance(CaseRun run) {
        for (int i = 0; i < run.times(3, 1); i++) {
            for (Service service : List.of(Service.SAGA, Service.PAYMENT, Service.INVENTORY)) {
                try (ServiceInstance second = run.stack().startSecondInstance(service)) {
                    run.injected();
                    run.pause(500, 1_500);
                    if (run.random().nextBoolean()) {
                        second.process().stopWithoutRestart();
                    } else {
                        // The first instance ends, and the second has to take over its work.
                        run.stack().service(service).kill();
                        run.pause(1_000, 2_000);
                        second.process().killWithoutRestart();
                    }
                    run.injected();
                }
            }
        }
    }

    private static void relayFailover(CaseRun run) {
        for (int i = 0; i < run.times(2, 1); i++) {
            // One cut-off resets connections, so the client notices at once; the other one only silences them.
            Consumer<TcpProxy> cutOff = i == 0 ? TcpProxy::cut : TcpProxy::freeze;
            ServiceInstance first = run.stack().first(Service.ORDER);
            try (ServiceInstance second = run.stack().startSecondInstance(Service.ORDER)) {
                failOver(
                        run,
                        first,
                        second,
                        leader -> {
                            leader.kafkaProxy().freeze();
                            run.pause(500, 1_500);
                            leader.process().kill();
                        },
                        leader -> leader.kafkaProxy().heal());
                failOver(
                        run,
                        first,
                        second,
                        leader -> leader.process().freeze(),
                        leader -> leader.process().resume());
                failOver(
                        run,
                        first,
                        second,
                        leader -> cutOff.accept(leader.kafkaProxy()),
                        leader -> leader.kafkaProxy().heal());
                failOver(
                        run,
                        first,
                        second,
                        leader -> leader.process().killWithoutRestart(),
                        leader -> leader.process().start());
            }
        }
    }

    /**
     * Breaks the leading instance, waits until the other instance's relay leads, and then repairs the broken one.
     *
     * @throws FaultsException if the other relay does not take over within 60 s
     */
    private static void failOver(
            CaseRun run,
            ServiceInstance one,
            ServiceInstance two,
            Consumer<ServiceInstance> fault,
            Consumer<ServiceInstance> repair) {
        Waiting.until(
                "two ready order services with one leading relay",
                TAKEOVER_LIMIT,
                () -> one.isReady() && two.isReady() && one.isLeader() != two.isLeader());
        boolean firstLeads = one.isLeader();
        ServiceInstance leader = firstLeads ? one : two;
        ServiceInstance standby = firstLeads ? two : one;
        fault.accept(leader);
        run.injected();
        Waiting.until(
                "the relay of " + standby.name() + " to take over from " + leader.name(),
                TAKEOVER_LIMIT,
                standby::isLeader);
        repair.accept(leader);
        run.awaitProgress();
    }

    // The deadlines are 15 s.
    private static void lateAnswers(CaseRun run) {
        for (Service service : List.of(Service.PAYMENT, Service.INVENTORY)) {
            run.stack().service(service).freeze();
            run.injected();
            run.pause(Duration.ofSeconds(18));
            run.stack().service(service).resume();
            run.awaitProgress();
        }
    }
}
