package dev.lockstep.local;

import dev.lockstep.embedded.LocalPostgres;
import java.io.IOException;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;

/** The addresses of a running stack, stored in a file in its data folder so that other programs find them even on non-default ports. */
record Endpoints(String postgresHost, int postgresPort, String bootstrapServers) {
    private static final String FILE = "endpoints.properties";
    private static final String POSTGRES_HOST = "postgres.host";
    private static final String POSTGRES_PORT = "postgres.port";
    private static final String KAFKA = "kafka.bootstrap.servers";

    /** Empty if no stack runs on this folder, or if it has not started completely. */
    static Optional<Endpoints> read(Path data) {
        Properties properties = new Properties();
        try (Reader reader = Files.newBufferedReader(data.resolve(FILE))) {
            properties.load(reader);
        } catch (NoSuchFileException none) {
            return Optional.empty();
        } catch (IOException cause) {
            throw new UncheckedIOException(cause);
        }
        return Optional.of(new Endpoints(
                properties.getProperty(POSTGRES_HOST),
                Integer.parseInt(properties.getProperty(POSTGRES_PORT)),
                properties.getProperty(KAFKA)));
    }

    /** @param services by the names of their properties, such as {@code order.http} */
    void write(Path data, Map<String, URI> services) {
        Properties properties = new Properties();
        properties.setProperty(POSTGRES_HOST, postgresHost);
        properties.setProperty(POSTGRES_PORT, String.valueOf(postgresPort));
        properties.setProperty("postgres.user", LocalPostgres.USER);
        properties.setProperty("postgres.password", LocalPostgres.PASSWORD);
        properties.setProperty(KAFKA, bootstrapServers);
        services.forEach((name, uri) -> properties.setProperty(name, uri.toString()));
        Path unfinished = data.resolve(FILE + ".new");
        try {
            try (Writer writer = Files.newBufferedWriter(unfinished)) {
                properties.store(writer, "Addresses of the running Lockstep system. Deleted when it stops.");
            }
            Files.move(unfinished, data.resolve(FILE), StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException cause) {
            throw new UncheckedIOException(cause);
        }
    }

    static void delete(Path data) {
        try {
            Files.deleteIfExists(data.resolve(FILE));
        } catch (IOException cause) {
            throw new UncheckedIOException(cause);
        }
    }
}
