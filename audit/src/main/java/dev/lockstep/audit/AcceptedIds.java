package dev.lockstep.audit;

import java.io.BufferedReader;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** The ids of orders that clients received a 202 for, one per line, in any order. */
final class AcceptedIds {
    private static final ExternalSort.Format<Fact.Accepted> FORMAT = new ExternalSort.Format<>() {
        @Override
        public void write(Fact.Accepted accepted, DataOutputStream out) throws IOException {
            out.writeUTF(accepted.orderId());
        }

        @Override
        public Fact.Accepted read(DataInputStream in) throws IOException {
            return new Fact.Accepted(in.readUTF());
        }
    };

    private AcceptedIds() {}

    /** Reads the ids and returns them sorted. {@code -} reads standard input; null returns an empty stream. */
    static SortedStream<Fact.Accepted> read(@Nullable Path file) {
        ExternalSort<Fact.Accepted> sort =
                new ExternalSort<>(Comparator.comparing(Fact.Accepted::orderId, Ids.TEXT_ORDER), FORMAT);
        if (file == null) {
            return sort.sorted();
        }
        try (InputStream in = file.toString().equals("-") ? System.in : Files.newInputStream(file);
                BufferedReader lines = new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8))) {
            String line = lines.readLine();
            while (line != null) {
                String id = line.strip().toLowerCase(Locale.ROOT);
                if (!id.isEmpty()) {
                    sort.add(new Fact.Accepted(id));
                }
                line = lines.readLine();
            }
        } catch (IOException cause) {
            throw new AuditException("cannot read " + file + " (--accepted): " + cause.getMessage(), cause);
        }
        return sort.sorted();
    }
}
