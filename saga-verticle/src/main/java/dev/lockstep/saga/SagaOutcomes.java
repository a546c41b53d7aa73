package dev.lockstep.saga;

import dev.lockstep.saga.domain.SagaState;
import dev.lockstep.saga.domain.SagaState.Cancelled;
import dev.lockstep.saga.domain.SagaState.Confirmed;
import dev.lockstep.saga.domain.SagaState.RetryingCompensation;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Tells people how sagas end: {@code lockstep.saga.duration} and the log. */
final class SagaOutcomes {
    private static final Logger LOGGER = LoggerFactory.getLogger(SagaOutcomes.class);

    private final MeterRegistry meters;
    private final SagaCensus census;

    SagaOutcomes(MeterRegistry meters, SagaCensus census) {
        this.meters = meters;
        this.census = census;
    }

    /** Takes note of what a saga has come to. Rarely, a transaction fails after this and the saga comes to it again. */
    void record(SagaProgress saga) {
        if (!saga.hasMoved()) {
            return;
        }
        census.moved(saga.before().state(), saga.state());
        Duration age = saga.before().age();
        if (saga.state() instanceof Confirmed) {
            duration("CONFIRMED", "NONE").record(age);
            LOGGER.atDebug().addKeyValue("orderId", saga.orderId()).log("order confirmed");
        } else if (saga.state() instanceof Cancelled(var reason)) {
            duration("CANCELLED", reason.name()).record(age);
            LOGGER.atInfo()
                    .addKeyValue("orderId", saga.orderId())
                    .addKeyValue("reason", reason)
                    .log("order cancelled, nothing is held or taken");
        } else if (saga.state() instanceof RetryingCompensation retrying
                && isFirstAttempt(retrying, saga.before().state())) {
            LOGGER.atWarn()
                    .addKeyValue("orderId", saga.orderId())
                    .addKeyValue("reason", retrying.reason())
                    .log("a compensation was not acknowledged in time and is tried again until it is");
        }
    }

    private static boolean isFirstAttempt(RetryingCompensation now, SagaState before) {
        return now.attempts() == 1 && !(before instanceof RetryingCompensation);
    }

    private Timer duration(String outcome, String reason) {
        return Timer.builder("lockstep.saga.duration")
                .description("From the order's arrival to its end")
                .tags("outcome", outcome, "reason", reason)
                .publishPercentileHistogram()
                .minimumExpectedValue(Duration.ofMillis(1))
                .maximumExpectedValue(Duration.ofMinutes(10))
                .register(meters);
    }
}
