package dev.lockstep.bench.scenario;

import dev.lockstep.bench.Scenario;
import java.util.List;
import java.util.Optional;

/** All scenarios, in the order of their numbers. */
public final class Scenarios {
    private Scenarios() {}

    public static List<Scenario> all() {
        return List.of(
                new OrderWriteScenario(),
                new PlaceOrderScenario(),
                RelayDrainScenario.singleRows(),
                RelayDrainScenario.batches(),
                new RelayLatencyScenario(),
                new ConsumerScenario(),
                SystemScenario.spread(),
                SystemScenario.oneProductAndAccount(),
                new IdleScenario());
    }

    public static Optional<Scenario> named(String id) {
        return all().stream().filter(each -> each.id().equals(id)).findFirst();
    }
}
