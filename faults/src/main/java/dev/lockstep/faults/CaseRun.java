package dev.lockstep.faults;

import dev.lockstep.faults.agent.Crash;
import dev.lockstep.faults.agent.CrashPoint;
import dev.lockstep.faults.agent.ServiceMain;
import java.time.Duration;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * One run of a case: what it breaks, how much, and by which dice.
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

    /** So many in a long suite, or so few in a short one. */
    int times(int many, int few) {
        return longSuite ? many : few;
    }

    /** Counts something that was broken. */
    void injected() {
        injections.incrementAndGet();
    }

    /** Lets a random time pass. */
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

    /** Waits until orders end again, so that the next fault meets a system at work. */
    void awaitProgress() {
        int before = stallMonitor.ended();
        Waiting.until("orders to end", Duration.ofMinutes(2), () -> stallMonitor.ended() > before);
    }

    /** Starts each of the services anew so that it crashes at its point, and waits until all of them have. */
    void crash(Map<Service, CrashPoint> points) {
        Map<Service, Integer> starts = new EnumMap<>(Service.class);
        points.forEach((service, point) -> {
            SupervisedProcess process = stack.service(service);
            // Killed while it starts, it would take the crash with it.
            Waiting.until(service.label() + " to be ready", CRASH_LIMIT, () -> stack.isReady(service));
            Map<String, String> settings = new HashMap<>(Stack.AGENT_OPTIONS);
            settings.put(ServiceMain.CRASH, point.name() + ":" + (5 + random.nextInt(20)));
            process.nextStartWith(settings);
            starts.put(service, process.starts() + 1);
            process.kill();
        });
        starts.forEach((service, start) -> {
            int code = stack.service(service).exitCode(start, CRASH_LIMIT);
            if (code != Crash.EXIT_CODE) {
                throw new FaultsException(service.label() + " was to crash at "
                        + Objects.requireNonNull(points.get(service)).label() + " but ended with exit code " + code
                        + ", see its log");
            }
            injected();
        });
    }
}
