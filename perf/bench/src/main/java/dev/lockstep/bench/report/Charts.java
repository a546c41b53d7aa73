package dev.lockstep.bench.report;

import dev.lockstep.bench.Metric;
import dev.lockstep.bench.ScenarioResult;
import dev.lockstep.bench.ScenarioResult.Summary;
import java.awt.Color;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.ToDoubleFunction;
import java.util.regex.Pattern;
import org.knowm.xchart.CategoryChart;
import org.knowm.xchart.CategoryChartBuilder;
import org.knowm.xchart.ChartEncoder;

/** The results as SVG files: for each scenario the rates, the CPU times and the latencies of its variants. */
public final class Charts {
    private static final int WIDTH = 760;
    private static final int HEIGHT = 380;
    private static final Pattern SURPLUS_DIGITS = Pattern.compile("(\\d\\.\\d)\\d+");
    private static final List<String> LATENCIES = List.of(Metric.P50, Metric.P99);

    private Charts() {}

    /** Writes the charts of a scenario to the folder. A scenario without rates has no chart of them, and likewise for the others. */
    public static void write(Path folder, ScenarioResult result) throws IOException {
        List<Summary> variants = result.variants();
        if (variants.stream().anyMatch(each -> each.values().containsKey(Metric.RATE))) {
            CategoryChart chart = chart(result, result.unit() + "s per second");
            add(chart, "rate", variants, each -> each.value(Metric.RATE));
            save(folder, result, "rate", chart);
        }
        List<String> parts = variants.stream()
                .flatMap(each -> each.values().keySet().stream())
                .filter(name -> name.startsWith(Metric.CPU))
                .distinct()
                .sorted()
                .toList();
        if (!parts.isEmpty()) {
            CategoryChart chart = chart(result, "CPU µs per " + result.unit());
            chart.getStyler().setStacked(true);
            parts.forEach(part -> add(chart, part.substring(Metric.CPU.length()), variants, each -> each.value(part)));
            save(folder, result, "cpu", chart);
        }
        if (variants.stream().anyMatch(each -> each.values().containsKey(Metric.P99))) {
            CategoryChart chart = chart(result, "latency in ms");
            LATENCIES.forEach(name -> add(chart, name, variants, each -> each.value(name)));
            save(folder, result, "latency", chart);
        }
    }

    private static CategoryChart chart(ScenarioResult result, String axis) {
        CategoryChart chart = new CategoryChartBuilder()
                .width(WIDTH)
                .height(HEIGHT)
                .title(result.id() + " " + result.title())
                .yAxisTitle(axis)
                .build();
        chart.getStyler().setChartBackgroundColor(Color.WHITE);
        chart.getStyler().setLabelsVisible(true);
        // All names, however many there are. XChart accepts no fewer than two.
        chart.getStyler().setXAxisMaxLabelCount(Math.max(2, result.variants().size()));
        return chart;
    }

    private static void add(
            CategoryChart chart, String series, List<Summary> variants, ToDoubleFunction<Summary> value) {
        chart.addSeries(
                series,
                variants.stream().map(Summary::name).toList(),
                variants.stream().mapToDouble(value).boxed().toList());
    }

    // A tenth of a pixel is precise enough, and halves the files: all text is drawn as outlines.
    private static void save(Path folder, ScenarioResult result, String kind, CategoryChart chart) throws IOException {
        ByteArrayOutputStream svg = new ByteArrayOutputStream();
        ChartEncoder.saveChart(chart, svg, "svg");
        String rounded =
                SURPLUS_DIGITS.matcher(svg.toString(StandardCharsets.UTF_8)).replaceAll("$1");
        Files.writeString(folder.resolve(result.id() + "-" + kind + ".svg"), rounded);
    }
}
