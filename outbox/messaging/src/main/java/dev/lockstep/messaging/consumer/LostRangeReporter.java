package dev.lockstep.messaging.consumer;

import dev.lockstep.messaging.consumer.LostRangeStore.DetectedLostRange;
import dev.lockstep.messaging.delivery.ConsumerOptions;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Reports records that were removed before a consumer had read them: in the log, in metrics, and for one hour on health. */
final class LostRangeReporter {
    /** How long health reports a loss. */
    static final Duration WARNING_DURATION = Duration.ofHours(1);

    private static final Logger LOGGER = LoggerFactory.getLogger(LostRangeReporter.class);
    private static final int MAX_NAMED = 3;

    private final ConsumerOptions options;
    private final MeterRegistry meters;
    private volatile List<DetectedLostRange> recent = List.of();

    LostRangeReporter(ConsumerOptions options, MeterRegistry meters) {
        this.options = options;
        this.meters = meters;
        options.topics().forEach(topic -> {
            rangeCounter(topic);
            recordCounter(topic);
        });
    }

    private Counter rangeCounter(String topic) {
        return Counter.builder("lockstep.consumer.lost.ranges")
                .description("ranges of offsets that were removed before the group read them")
                .tags("group", options.group(), "topic", topic)
                .register(meters);
    }

    private Counter recordCounter(String topic) {
        return Counter.builder("lockstep.consumer.lost.records")
                .description("offsets in ranges that were removed before the group read them, if the end is known")
                .tags("group", options.group(), "topic", topic)
                .register(meters);
    }

    /** Counts and logs a newly detected loss. */
    void report(DetectedLostRange detected, Instant since) {
        rangeCounter(detected.partition().topic()).increment();
        recordCounter(detected.partition().topic())
                .increment((double) detected.lost().count());
        LOGGER.atWarn()
                .addKeyValue("service", options.group())
                .addKeyValue("topic", detected.partition().topic())
                .addKeyValue("partition", detected.partition().partition())
                .addKeyValue("range", detected.lost().range())
                .addKeyValue("cause", detected.lost().cause())
                .addKeyValue("since", since)
                .log("records were removed before they were read, requesting the topic's messages from their senders");
    }

    /** Replaces the recent losses with those that the database has stored. */
    void setRecent(List<DetectedLostRange> detected) {
        recent = List.copyOf(detected);
    }

    /** Returns in one sentence which records were lost within the last hour. Empty if none were. */
    Optional<String> warning() {
        Instant oldest = Instant.now().minus(WARNING_DURATION);
        List<DetectedLostRange> shown =
                recent.stream().filter(each -> each.at().isAfter(oldest)).toList();
        if (shown.isEmpty()) {
            return Optional.empty();
        }
        String named = String.join(
                ", ",
                shown.stream()
                        .limit(MAX_NAMED)
                        .map(each -> "%s %s at %s (%s)"
                                .formatted(
                                        each.partition(),
                                        each.lost().range(),
                                        each.at().truncatedTo(ChronoUnit.SECONDS),
                                        each.lost().cause()))
                        .toList());
        return Optional.of("records were removed before %s read them, and were requested again from their senders: %s%s"
                .formatted(options.group(), named, shown.size() > MAX_NAMED ? ", ..." : ""));
    }
}
