package dev.lockstep.audit;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;

@DisplayNameGeneration(ReplaceUnderscores.class)
class OrderEvidenceIteratorTest {
    @Test
    void facts_of_several_streams_are_grouped_by_order() {
        SortedStream<Fact.Accepted> accepted = SortedStream.of(List.of(new Fact.Accepted("a"), new Fact.Accepted("c")));
        SortedStream<Fact.Saga> sagas = SortedStream.of(
                List.of(new Fact.Saga("b", "CONFIRMED", "", 0), new Fact.Saga("c", "CANCELLED", "", 0)));
        SortedStream<Fact.Steps> steps = SortedStream.of(
                List.of(new Fact.Steps("c", "OrderCreated", "S", 1), new Fact.Steps("c", "OrderCancelled", "S", 2)));

        List<String> seen = new ArrayList<>();
        try (OrderEvidenceIterator iterator =
                new OrderEvidenceIterator(List.of(accepted, sagas, steps), new AuditWindow(0, Duration.ZERO, 0))) {
            while (iterator.hasNext()) {
                OrderEvidence evidence = iterator.next();
                seen.add("%s %s %s %d"
                        .formatted(
                                evidence.orderId(),
                                evidence.isAccepted(),
                                evidence.sagaState(),
                                evidence.steps().size()));
            }
        }

        assertThat(seen).containsExactly("a true no saga 0", "b false saga CONFIRMED 0", "c true saga CANCELLED 2");
    }
}
