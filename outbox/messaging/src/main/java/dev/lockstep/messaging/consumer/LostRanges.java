package dev.lockstep.messaging.consumer;

import dev.lockstep.messaging.consumer.LostRangeStore.Noticed;
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

/** Tells people of records that were removed before a consumer had read them: in the log, in metrics, and for an hour on health. */
final class LostRanges {
    /** How long a loss is shown on health. */
    static final Duration SHOWN_FOR = Duration.ofHours(1);

    private static final Logger LOGGER = LoggerFactory.getLogger(LostRanges.class);
    private static final int MOST_NAMED = 3;

    private final ConsumerOptions options;
    private final MeterRegistry meters;
    private volatile List<Noticed> recent = List.of();

    LostRanges(ConsumerOptions options, MeterRegistry meters) {
        this.options = options;
        this.meters = meters;
        options.topics().forEach(topic -> {
            ranges(topic);
            records(topic);
        });
    }

    private Counter ranges(String topic) {
        return Counter.builder("lockstep.consumer.lost.ranges")
                .description("ranges of offsets that were removed before the group had read them")
                .tags("group", options.group(), "topic", topic)
                .register(meters);
    }

    private Counter records(String topic) {
        return Counter.builder("lockstep.consumer.lost.records")
                .description("offsets in these ranges, as far as it is known where they end")
                .tags("group", options.group(), "topic", topic)
                .register(meters);
    }

    /** Counts and logs a loss that was noticed just now. */
    void report(Noticed noticed, Instant since) {
        ranges(noticed.partition().topic()).increment();
        records(noticed.partition().topic()).increment((double) noticed.lost().count());
        LOGGER.atWarn()
                .addKeyValue("service", options.group())
                .addKeyValue("topic", noticed.partition().topic())
                .addKeyValue("partition", noticed.partition().partition())
                .addKeyValue("range", noticed.lost().range())
                .addKeyValue("cause", noticed.lost().cause())
                .addKeyValue("since", since)
                .log(
                        "records were removed before they were read; the senders are asked for the topic's messages since then");
    }

    /** Takes over what the database knows. */
    void show(List<Noticed> noticed) {
        recent = List.copyOf(noticed);
    }

    /** What was lost within the last hour, in one sentence, or empty if nothing was. */
    Optional<String> warning() {
        Instant oldest = Instant.now().minus(SHOWN_FOR);
        List<Noticed> shown =
                recent.stream().filter(each -> each.at().isAfter(oldest)).toList();
        if (shown.isEmpty()) {
            return Optional.empty();
        }
        String named = String.join(
                ", ",
                shown.stream()
                        .limit(MOST_NAMED)
                        .map(each -> "%s %s at %s (%s)"
                                .formatted(
                                        each.partition(),
                                        each.lost().range(),
                                        each.at().truncatedTo(ChronoUnit.SECONDS),
                                        each.lost().cause()))
                        .toList());
        return Optional.of(
                "records were removed before %s had read them, and their senders were asked for them again: %s%s"
                        .formatted(options.group(), named, shown.size() > MOST_NAMED ? ", ..." : ""));
    }
}
