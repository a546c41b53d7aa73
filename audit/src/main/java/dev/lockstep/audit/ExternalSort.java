package dev.lockstep.audit;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.PriorityQueue;

/**
 * Sorts any number of elements in bounded memory. Elements that do not fit are written to temporary files as sorted runs; the runs are
 * merged when they are read. {@link #close()} deletes the files.
 */
final class ExternalSort<T> implements AutoCloseable {
    private static final int MAX_IN_MEMORY = 200_000;
    private static final int BUFFER = 1 << 16;

    private final Comparator<T> order;
    private final Format<T> format;
    private final int maxInMemory;
    private final List<Path> spillFiles = new ArrayList<>();
    private final List<DataInputStream> open = new ArrayList<>();
    private List<T> elements = new ArrayList<>();

    /** The file format of an element. */
    interface Format<T> {
        void write(T element, DataOutputStream out) throws IOException;

        T read(DataInputStream in) throws IOException;
    }

    ExternalSort(Comparator<T> order, Format<T> format) {
        this(order, format, MAX_IN_MEMORY);
    }

    /** @param maxInMemory how many elements are held in memory at most */
    ExternalSort(Comparator<T> order, Format<T> format, int maxInMemory) {
        this.order = order;
        this.format = format;
        this.maxInMemory = maxInMemory;
    }

    void add(T element) {
        if (elements.size() == maxInMemory) {
            spill();
        }
        elements.add(element);
    }

    int pieces() {
        return spillFiles.size();
    }

    /** Returns all elements in order. May be called once; no element may be added afterwards. */
    SortedStream<T> sorted() {
        elements.sort(order);
        List<SortedStream<T>> parts = new ArrayList<>();
        for (Path piece : spillFiles) {
            parts.add(new SortedStream<>(read(piece), () -> {}));
        }
        parts.add(SortedStream.of(elements));
        elements = new ArrayList<>();
        return new SortedStream<>(merge(parts), this::close);
    }

    private Iterator<T> merge(List<SortedStream<T>> parts) {
        PriorityQueue<SortedStream<T>> queue = new PriorityQueue<>((a, b) -> order.compare(a.peek(), b.peek()));
        parts.stream().filter(SortedStream::hasNext).forEach(queue::add);
        return new Iterator<>() {
            @Override
            public boolean hasNext() {
                return !queue.isEmpty();
            }

            @Override
            public T next() {
                SortedStream<T> least = queue.remove();
                T element = least.next();
                if (least.hasNext()) {
                    queue.add(least);
                }
                return element;
            }
        };
    }

    private void spill() {
        elements.sort(order);
        try {
            Path piece = Files.createTempFile("lockstep-audit-", ".sorted");
            piece.toFile().deleteOnExit();
            spillFiles.add(piece);
            try (DataOutputStream out =
                    new DataOutputStream(new BufferedOutputStream(Files.newOutputStream(piece), BUFFER))) {
                out.writeInt(elements.size());
                for (T element : elements) {
                    format.write(element, out);
                }
            }
        } catch (IOException cause) {
            throw new AuditException(
                    "cannot write temporary files to " + System.getProperty("java.io.tmpdir")
                            + " (set the system property java.io.tmpdir to use another folder): " + cause.getMessage(),
                    cause);
        }
        elements.clear();
    }

    private Iterator<T> read(Path piece) {
        try {
            DataInputStream in = new DataInputStream(new BufferedInputStream(Files.newInputStream(piece), BUFFER));
            open.add(in);
            int count = in.readInt();
            return new Iterator<>() {
                private int left = count;

                @Override
                public boolean hasNext() {
                    return left > 0;
                }

                @Override
                public T next() {
                    left--;
                    try {
                        return format.read(in);
                    } catch (IOException cause) {
                        throw new UncheckedIOException(cause);
                    }
                }
            };
        } catch (IOException cause) {
            throw new UncheckedIOException(cause);
        }
    }

    @Override
    public void close() {
        try {
            for (DataInputStream in : open) {
                in.close();
            }
            for (Path piece : spillFiles) {
                Files.deleteIfExists(piece);
            }
        } catch (IOException cause) {
            throw new UncheckedIOException(cause);
        }
        open.clear();
        spillFiles.clear();
    }
}
