package dev.lockstep.bench.load;

import dev.lockstep.bench.BenchException;
import dev.lockstep.bench.Metric;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.HdrHistogram.Histogram;

/**
 * What a load generator has observed.
 *
 * @param latencies in microseconds
 * @param completed operations that succeeded
 * @param failed operations that failed
 * @param skipped operations of an open loop that were not started, because too many others had not completed
 * @param seconds the duration in which the completed operations are counted
 */
public record LoadResult(Histogram latencies, long completed, long failed, long skipped, double seconds) {
    private static final long HIGHEST_MICROS = TimeUnit.MINUTES.toMicros(5);
    private static final int DIGITS = 3;

    /** A histogram of microseconds up to five minutes. */
    public static Histogram newHistogram() {
        return new Histogram(HIGHEST_MICROS, DIGITS);
    }

    public static void record(Histogram histogram, long nanos) {
        histogram.recordValue(Math.clamp(TimeUnit.NANOSECONDS.toMicros(nanos), 0, HIGHEST_MICROS));
    }

    public double perSecond() {
        return completed / seconds;
    }

    /**
     * Returns this result.
     *
     * @throws BenchException if an operation failed or was skipped: latencies without those operations would be too good
     */
    public LoadResult complete(String what) {
        if (failed > 0 || skipped > 0) {
            throw new BenchException(what + ": " + failed + " operations failed and " + skipped + " were skipped, "
                    + completed + " succeeded");
        }
        return this;
    }

    /** The percentiles by the names of {@link Metric}, in milliseconds. */
    public static Map<String, Double> percentiles(Histogram histogram, String prefix) {
        Map<String, Double> values = new TreeMap<>();
        values.put(prefix + Metric.P50, histogram.getValueAtPercentile(50) / 1_000.0);
        values.put(prefix + Metric.P99, histogram.getValueAtPercentile(99) / 1_000.0);
        values.put(prefix + Metric.MAX, histogram.getMaxValue() / 1_000.0);
        return values;
    }
}
