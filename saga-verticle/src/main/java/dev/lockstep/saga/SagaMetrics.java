package dev.lockstep.saga;

import dev.lockstep.messaging.record.TraceContext;
import dev.lockstep.messaging.tracing.MessageTracing;
import dev.lockstep.messaging.tracing.Telemetry;
import dev.lockstep.saga.domain.SagaState;
import dev.lockstep.saga.domain.SagaState.Abandoned;
import dev.lockstep.saga.domain.SagaState.Cancelled;
import dev.lockstep.saga.domain.SagaState.Confirmed;
import dev.lockstep.saga.domain.SagaState.RetryingCompensation;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.spi.LoggingEventBuilder;

/** Reports the outcome of sagas in {@code lockstep.saga.duration}, {@code lockstep.saga.retries} and the log. */
final class SagaMetrics {
    private static final Logger LOGGER = LoggerFactory.getLogger(SagaMetrics.class);

    private final MeterRegistry meters;
    private final MessageTracing tracing;
    private final ActiveSagas activeSagas;

    SagaMetrics(Telemetry telemetry, ActiveSagas activeSagas) {
        this.meters = telemetry.meters();
        this.tracing = telemetry.tracing();
        this.activeSagas = activeSagas;
        // rate() and increase() do not see the first increment of a counter that appears with it.
        StateName.ACTIVE.forEach(this::retries);
    }

    /**
     * Records the outcome of a unit of work. In rare cases the transaction fails afterwards, and the retry records the outcome again.
     */
    void record(SagaUnitOfWork saga) {
        if (!saga.hasChanged()) {
            return;
        }
        if (saga.retries() > 0) {
            retries(StateName.of(saga.state())).increment(saga.retries());
        }
        activeSagas.recordTransition(saga.before().state(), saga.state());
        if (saga.state() instanceof Confirmed) {
            recordDuration(saga, "CONFIRMED", "NONE");
            withSaga(LOGGER.atDebug(), saga).log("order confirmed");
        } else if (saga.state() instanceof Cancelled(var reason)) {
            recordDuration(saga, "CANCELLED", reason.name());
            withSaga(LOGGER.atDebug(), saga)
                    .addKeyValue("reason", reason)
                    .log("order cancelled; no stock is reserved and no payment is charged");
        } else if (saga.state() instanceof Abandoned(var left, var why)) {
            recordDuration(saga, "ABANDONED", left.reason().name());
            withSaga(LOGGER.atWarn(), saga)
                    .addKeyValue("reason", left.reason())
                    .log("operator abandoned the saga; stock may still be reserved or a payment charged: " + why);
        } else if (saga.state() instanceof RetryingCompensation retrying
                && isFirstAttempt(retrying, saga.before().state())) {
            withSaga(LOGGER.atWarn(), saga)
                    .addKeyValue("reason", retrying.reason())
                    .log("compensation was not acknowledged in time; it is retried until it is acknowledged");
        }
    }

    // The histogram refers to the trace in which the order was placed.
    private void recordDuration(SagaUnitOfWork saga, String outcome, String reason) {
        tracing.inTrace(
                saga.traceparent(),
                () -> duration(outcome, reason).record(saga.before().age()));
    }

    private static LoggingEventBuilder withSaga(LoggingEventBuilder event, SagaUnitOfWork saga) {
        LoggingEventBuilder about = event.addKeyValue("orderId", saga.orderId());
        String traceparent = TraceContext.orNull(saga.traceparent());
        return traceparent == null ? about : about.addKeyValue("traceId", TraceContext.traceId(traceparent));
    }

    private static boolean isFirstAttempt(RetryingCompensation now, SagaState before) {
        return now.attempts() == 1 && !(before instanceof RetryingCompensation);
    }

    private Counter retries(StateName state) {
        return Counter.builder("lockstep.saga.retries")
                .description("how many times commands were sent again, by state")
                .tags("state", state.name())
                .register(meters);
    }

    private Timer duration(String outcome, String reason) {
        return Timer.builder("lockstep.saga.duration")
                .description("time from the order's arrival to the end of the saga")
                .tags("outcome", outcome, "reason", reason)
                .publishPercentileHistogram()
                .minimumExpectedValue(Duration.ofMillis(1))
                .maximumExpectedValue(Duration.ofMinutes(10))
                .register(meters);
    }
}
