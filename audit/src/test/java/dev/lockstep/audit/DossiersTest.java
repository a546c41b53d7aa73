package dev.lockstep.audit;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;

@DisplayNameGeneration(ReplaceUnderscores.class)
class DossiersTest {
    @Test
    void what_several_stores_say_about_an_order_comes_together() {
        Sorted<Fact.Accepted> accepted = Sorted.of(List.of(new Fact.Accepted("a"), new Fact.Accepted("c")));
        Sorted<Fact.Saga> sagas =
                Sorted.of(List.of(new Fact.Saga("b", "CONFIRMED", "", 0), new Fact.Saga("c", "CANCELLED", "", 0)));
        Sorted<Fact.Steps> steps = Sorted.of(
                List.of(new Fact.Steps("c", "OrderCreated", "S", 1), new Fact.Steps("c", "OrderCancelled", "S", 2)));

        List<String> seen = new ArrayList<>();
        try (Dossiers dossiers = new Dossiers(List.of(accepted, sagas, steps), new Moment(0, Duration.ZERO, 0))) {
            while (dossiers.hasNext()) {
                Dossier dossier = dossiers.next();
                seen.add("%s %s %s %d"
                        .formatted(
                                dossier.orderId(),
                                dossier.isAccepted(),
                                dossier.sagaState(),
                                dossier.steps().size()));
            }
        }

        assertThat(seen).containsExactly("a true no saga 0", "b false saga CONFIRMED 0", "c true saga CANCELLED 2");
    }
}
