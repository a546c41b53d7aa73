package dev.lockstep.audit;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayNameGeneration(ReplaceUnderscores.class)
class ExternalSortTest {
    private static final ExternalSort.Format<Long> LONGS = new ExternalSort.Format<>() {
        @Override
        public void write(Long element, DataOutputStream out) throws IOException {
            out.writeLong(element);
        }

        @Override
        public Long read(DataInputStream in) throws IOException {
            return in.readLong();
        }
    };

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 99, 100, 101, 1_000, 1_234})
    void elements_are_sorted_in_memory_and_across_spill_files(int size) {
        List<Long> elements = new Random(size).longs(size, 0, 500).boxed().toList();
        ExternalSort<Long> sort = new ExternalSort<>(Comparator.<Long>naturalOrder(), LONGS, 100);
        elements.forEach(sort::add);

        List<Long> sorted = new ArrayList<>();
        try (SortedStream<Long> stream = sort.sorted()) {
            while (stream.hasNext()) {
                sorted.add(stream.next());
            }
        }

        assertThat(sorted).isEqualTo(elements.stream().sorted().toList());
    }
}
