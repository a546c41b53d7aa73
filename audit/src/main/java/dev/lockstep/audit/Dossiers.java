package dev.lockstep.audit;

import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;

/** Puts together what streams of facts, each sorted by order, say about one order after the other. */
final class Dossiers implements AutoCloseable {
    private static final Comparator<Sorted<? extends Fact>> NEXT_ORDER =
            (a, b) -> Ids.TEXT_ORDER.compare(a.peek().orderId(), b.peek().orderId());

    private final List<Sorted<? extends Fact>> streams;
    private final Moment moment;
    private final PriorityQueue<Sorted<? extends Fact>> queue = new PriorityQueue<>(NEXT_ORDER);

    Dossiers(List<Sorted<? extends Fact>> streams, Moment moment) {
        this.streams = List.copyOf(streams);
        this.moment = moment;
        streams.stream().filter(Sorted::hasNext).forEach(queue::add);
    }

    boolean hasNext() {
        return !queue.isEmpty();
    }

    Dossier next() {
        Dossier dossier = new Dossier(queue.element().peek().orderId(), moment);
        while (!queue.isEmpty() && queue.element().peek().orderId().equals(dossier.orderId())) {
            Sorted<? extends Fact> stream = queue.remove();
            dossier.add(stream.next());
            if (stream.hasNext()) {
                queue.add(stream);
            }
        }
        return dossier;
    }

    @Override
    public void close() {
        streams.forEach(Sorted::close);
    }
}
