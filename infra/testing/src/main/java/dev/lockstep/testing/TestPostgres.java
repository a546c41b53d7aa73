package dev.lockstep.testing;

/** The Postgres server, for a test that creates its database itself. */
public final class TestPostgres extends TestResource {
    private final PostgresServer server = TestServers.postgres();

    public PostgresServer server() {
        return server;
    }

    @Override
    public void close() {}
}
