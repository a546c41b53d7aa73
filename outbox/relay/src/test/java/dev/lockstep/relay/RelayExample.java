package dev.lockstep.relay;

import io.micrometer.core.instrument.MeterRegistry;
import java.util.Optional;

/** The example of the README. {@code DocumentationTest} checks that the README quotes it unchanged. */
final class RelayExample {
    private RelayExample() {}

    static Optional<String> relay(RelayConfig config, MeterRegistry meters) {
        OutboxRelay relay = new OutboxRelay(config, meters);
        relay.prepare(); // creates publication and slot: rows that commit from now on will be relayed
        relay.start(); // on its own threads; leads or stands by
        Optional<String> problem = relay.problem(); // empty, or one sentence
        relay.close(); // less than five seconds; another instance can take over at once
        return problem;
    }
}
