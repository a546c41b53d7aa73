package dev.lockstep.audit;

import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;

/** Merges streams of facts, each sorted by order id, into the evidence of one order after the other. */
final class OrderEvidenceIterator implements AutoCloseable {
    private static final Comparator<SortedStream<? extends Fact>> NEXT_ORDER =
            (a, b) -> Ids.TEXT_ORDER.compare(a.peek().orderId(), b.peek().orderId());

    private final List<SortedStream<? extends Fact>> streams;
    private final AuditWindow window;
    private final PriorityQueue<SortedStream<? extends Fact>> queue = new PriorityQueue<>(NEXT_ORDER);

    OrderEvidenceIterator(List<SortedStream<? extends Fact>> streams, AuditWindow window) {
        this.streams = List.copyOf(streams);
        this.window = window;
        streams.stream().filter(SortedStream::hasNext).forEach(queue::add);
    }

    boolean hasNext() {
        return !queue.isEmpty();
    }

    OrderEvidence next() {
        OrderEvidence evidence = new OrderEvidence(queue.element().peek().orderId(), window);
        while (!queue.isEmpty() && queue.element().peek().orderId().equals(evidence.orderId())) {
            SortedStream<? extends Fact> stream = queue.remove();
            evidence.add(stream.next());
            if (stream.hasNext()) {
                queue.add(stream);
            }
        }
        return evidence;
    }

    @Override
    public void close() {
        streams.forEach(SortedStream::close);
    }
}
