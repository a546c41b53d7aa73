package dev.lockstep.bench;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.bench.Variant.Role;
import dev.lockstep.bench.process.Resources;
import java.io.PrintWriter;
import java.io.Writer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;

@DisplayNameGeneration(ReplaceUnderscores.class)
class RoundsTest {
    private final List<String> order = new ArrayList<>();

    @Test
    void a_round_whose_limit_has_moved_by_more_than_15_percent_is_repeated() {
        Rounds.Measured measured = Rounds.run(lab(3), variants(100, 84, 101, 99), () -> {});

        assertThat(numbers(measured.kept())).containsExactly(1, 3, 4);
        assertThat(numbers(measured.discarded())).containsExactly(2);
        assertThat(measured.steady()).isTrue();
    }

    @Test
    void a_limit_that_has_moved_by_less_is_accepted() {
        Rounds.Measured measured = Rounds.run(lab(3), variants(100, 86, 114), () -> {});

        assertThat(numbers(measured.kept())).containsExactly(1, 2, 3);
    }

    @Test
    void a_machine_that_never_is_steady_ends_after_twice_as_many_rounds() {
        Rounds.Measured measured = Rounds.run(lab(2), variants(100, 200, 300, 400), () -> {});

        assertThat(measured.kept().size() + measured.discarded().size()).isEqualTo(4);
        assertThat(measured.steady()).isFalse();
    }

    @Test
    void every_second_round_is_measured_in_reverse_order() {
        Rounds.run(lab(2), variants(100, 100), () -> order.add("prepared"));

        assertThat(order).containsExactly("prepared", "limit", "subject", "prepared", "subject", "limit");
    }

    @Test
    void a_value_is_the_median_of_the_rounds_that_count() {
        Rounds.Measured measured = Rounds.run(lab(3), variants(100, 110, 90), () -> {});

        assertThat(Rounds.medians(measured.kept(), "limit")).isEqualTo(Map.of(Metric.RATE, 100.0));
    }

    private List<Variant> variants(double... limits) {
        Iterator<Double> rates = Arrays.stream(limits).boxed().iterator();
        return List.of(
                new Variant("limit", Role.LIMIT, () -> {
                    order.add("limit");
                    return Map.of(Metric.RATE, rates.next());
                }),
                new Variant("subject", Role.SUBJECT, () -> {
                    order.add("subject");
                    return Map.of(Metric.RATE, 50.0);
                }));
    }

    private static List<Integer> numbers(List<Round> rounds) {
        return rounds.stream().map(Round::number).toList();
    }

    private static Lab lab(int rounds) {
        return new Lab(
                Path.of("unused"), true, rounds, Map.of(), new Resources(), new PrintWriter(Writer.nullWriter()));
    }
}
