package dev.lockstep.embedded;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * TLS of a {@link LocalPostgres}. The files are PEM files, which are copied into the data of the server.
 *
 * @param authorities may sign the certificates of clients
 * @param accessRules lines of {@code pg_hba.conf}. One more line admits the superuser without TLS
 */
public record ServerTls(Path certificate, Path key, Path authorities, List<String> accessRules) {
    public ServerTls {
        accessRules = List.copyOf(accessRules);
    }

    void copyInto(Path data) throws IOException {
        PrivateFiles.write(data.resolve("server.crt"), Files.readString(certificate));
        PrivateFiles.write(data.resolve("server.key"), Files.readString(key));
        PrivateFiles.write(data.resolve("clients.crt"), Files.readString(authorities));
    }

    static List<String> serverSettings() {
        return List.of(
                "ssl = on",
                "ssl_cert_file = 'server.crt'",
                "ssl_key_file = 'server.key'",
                "ssl_ca_file = 'clients.crt'",
                "ssl_min_protocol_version = 'TLSv1.3'");
    }
}
