package dev.lockstep.faults;

import dev.lockstep.faults.agent.Crash;
import dev.lockstep.faults.agent.CrashAgent;
import dev.lockstep.faults.agent.CrashPoint;
import java.time.Duration;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * One run of a case: the system and its load, the random numbers, and the count of injections.
 *
 * @param longSuite whether there is time for many injections
 */
record CaseRun(
        Stack stack,
        LoadGenerator load,
        StallMonitor stallMonitor,
        Random random,
        boolean longSuite,
        AtomicInteger injections) {
    private static final Duration CRASH_LIMIT = Duration.ofMinutes(2);

    /** Returns {@code many} in a long suite, {@code few} in a short one. */
    int times(int many, int few) {
        return longSuite ? many : few;
    }

    /** Counts an injection. */
    void injected() {
        injections.incrementAndGet();
    }

    /** Waits for a random time. */
    void pause(int leastMillis, int mostMillis) {
        Waiting.pause(Duration.ofMillis(leastMillis + random.nextInt(mostMillis - leastMillis + 1)));
    }

    void pause(Duration duration) {
        Waiting.pause(duration);
    }

    Service anyService() {
        List<Service> all = List.of(Service.values());
        return all.get(random.nextInt(all.size()));
    }

    /**
     * Waits until another order ends, so that the next fault hits a working system.
     *
     * @throws FaultsException after 2 minutes
     */
    void awaitProgress() {
        int before = stallMonitor.ended();
        Waiting.until("orders to end", Duration.ofMinutes(2), () -> stallMonitor.ended() > before);
    }

    /**
     * Makes each of the services crash at its point, and waits until all of them have crashed.
     *
     * @throws FaultsException if a service is not ready or has not ended within 2 minutes, or ends with another exit code
     */
    void crash(Map<Service, CrashPoint> points) {
        Map<Service, Integer> starts = new EnumMap<>(Service.class);
        points.forEach((service, point) -> {
            SupervisedProcess process = stack.service(service);
            // A service that is starting has not yet loaded all classes, and an agent would slow the start down.
            Waiting.until(service.label() + " to be ready", CRASH_LIMIT, () -> stack.isReady(service));
            starts.put(service, process.starts());
            process.loadAgent(stack.crashAgent(), CrashAgent.argument(point, 5 + random.nextInt(20)));
        });
        starts.forEach((service, start) -> {
            int code = stack.service(service).exitCode(start, CRASH_LIMIT);
            if (code != Crash.EXIT_CODE) {
                throw new FaultsException(service.label() + " ended with exit code " + code
                        + " instead of crashing at "
                        + Objects.requireNonNull(points.get(service)).label() + "; see its log");
            }
            injected();
        });
    }
}
