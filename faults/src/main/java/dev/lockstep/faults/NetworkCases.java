package dev.lockstep.faults;

import dev.lockstep.embedded.TcpProxy;
import dev.lockstep.faults.agent.Protection;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** Networks that are cut, slow, narrow or silent. */
final class NetworkCases {
    private NetworkCases() {}

    static List<FaultCase> all() {
        return List.of(
                FaultCase.of(
                        "cut-postgres",
                        "connections between each service and a slow Postgres reset at random moments",
                        Protection.TRANSACTION,
                        NetworkCases::resetPostgres),
                FaultCase.of(
                        "cut-kafka",
                        "the network between each service and Kafka cut, and the service killed during the outage",
                        Protection.ACKNOWLEDGEMENT,
                        NetworkCases::cutKafka),
                FaultCase.of(
                        "slow-network",
                        "each network in turn delayed, limited in bandwidth, and frozen; services killed meanwhile",
                        Protection.OFFSETS,
                        NetworkCases::slow));
    }

    private static void resetPostgres(CaseRun run) {
        for (Service service : shuffled(run)) {
            TcpProxy network = run.stack().postgresProxy(service);
            // The delay makes transactions last long enough to be hit between any two of their statements.
            network.delay(Duration.ofMillis(20));
            for (int i = 0; i < run.times(8, 4); i++) {
                run.pause(150, 500);
                network.reset();
                run.injected();
            }
            network.cut();
            run.injected();
            run.pause(500, 1_500);
            network.heal();
            run.awaitProgress();
        }
    }

    private static void cutKafka(CaseRun run) {
        for (Service service : shuffled(run)) {
            run.stack().kafkaProxy(service).cut();
            run.injected();
            run.pause(1_000, 2_000);
            run.stack().service(service).kill();
            run.injected();
            run.pause(100, 1_000);
            run.stack().kafkaProxy(service).heal();
            run.awaitProgress();
        }
    }

    private static void slow(CaseRun run) {
        for (Service service : shuffled(run)) {
            for (TcpProxy network :
                    List.of(run.stack().postgresProxy(service), run.stack().kafkaProxy(service))) {
                network.delay(Duration.ofMillis(100));
                run.injected();
                run.pause(1_000, 2_000);
                network.heal();
                network.bandwidth(20_000);
                run.injected();
                run.pause(1_000, 2_000);
                network.heal();
                network.freeze();
                run.injected();
                run.pause(1_000, 3_000);
                run.stack().service(service).kill();
                network.heal();
            }
            run.awaitProgress();
        }
    }

    private static List<Service> shuffled(CaseRun run) {
        List<Service> services = new ArrayList<>(List.of(Service.values()));
        Collections.shuffle(services, run.random());
        return services.subList(0, run.times(services.size(), 2));
    }
}
