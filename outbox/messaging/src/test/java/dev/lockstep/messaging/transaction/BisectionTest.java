package dev.lockstep.messaging.transaction;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.Future;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;

@DisplayNameGeneration(ReplaceUnderscores.class)
class BisectionTest {
    private final List<List<Integer>> applied = new ArrayList<>();
    private final IllegalStateException failure = new IllegalStateException("no");

    @Test
    void both_halves_are_applied_in_order() {
        Future<Void> done = Bisection.applyHalves(List.of(1, 2, 3), this::apply, cause -> false);

        assertThat(done.succeeded()).isTrue();
        assertThat(applied).containsExactly(List.of(1), List.of(2, 3));
    }

    @Test
    void a_failure_of_the_first_half_ends_it() {
        Future<Void> done = Bisection.applyHalves(List.of(-1, 2), this::apply, cause -> false);

        assertThat(done.cause()).isSameAs(failure);
        assertThat(applied).containsExactly(List.of(-1));
    }

    @Test
    void the_second_half_is_applied_if_the_failure_permits_and_the_failure_remains() {
        Future<Void> done = Bisection.applyHalves(List.of(-1, 2), this::apply, failure::equals);

        assertThat(done.cause()).isSameAs(failure);
        assertThat(applied).containsExactly(List.of(-1), List.of(2));
    }

    @Test
    void a_failure_of_the_second_half_is_a_failure() {
        Future<Void> done = Bisection.applyHalves(List.of(1, -2), this::apply, cause -> true);

        assertThat(done.cause()).isSameAs(failure);
    }

    private Future<Void> apply(List<Integer> part) {
        applied.add(part);
        return part.stream().anyMatch(each -> each < 0) ? Future.failedFuture(failure) : Future.succeededFuture();
    }
}
