package dev.lockstep.messaging.transaction;

import io.vertx.core.Future;
import java.util.List;
import java.util.function.Function;
import java.util.function.Predicate;

/** Divides a batch that failed as a whole, to find the element that causes the failure. */
public final class Bisection {
    private Bisection() {}

    /**
     * Applies a function to the first half of a list and then to the second.
     *
     * @param batch at least two elements
     * @param apply applies a part in a transaction of its own, and divides it again if that fails
     * @param continues whether the second half is still applied after this failure of the first
     * @return completes when both halves are applied; fails if one of them fails
     */
    public static <T> Future<Void> applyHalves(
            List<T> batch, Function<List<T>, Future<Void>> apply, Predicate<Throwable> continues) {
        int middle = batch.size() / 2;
        Future<Void> first = apply.apply(batch.subList(0, middle));
        return first.transform(ended -> ended.succeeded() || continues.test(ended.cause())
                ? apply.apply(batch.subList(middle, batch.size())).compose(applied -> first)
                : first);
    }
}
