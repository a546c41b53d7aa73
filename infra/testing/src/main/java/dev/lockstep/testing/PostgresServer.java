package dev.lockstep.testing;

/** A Postgres server of the tests. */
public interface PostgresServer extends AutoCloseable {
    String USER = "lockstep";
    String PASSWORD = "lockstep";

    String host();

    int port();

    /** The JDBC URL of a database for a superuser, with user and password. For operations on the server, never for a service. */
    String superuserUrl(String database);

    /** The URI of a database in the form that services expect, without user and password. */
    default String uri(String database) {
        return "postgresql://" + host() + ":" + port() + "/" + database;
    }

    /** The JDBC URL of a database for {@link #USER}, with user and password. */
    default String jdbcUrl(String database) {
        return "jdbc:" + uri(database) + "?user=" + USER + "&password=" + PASSWORD;
    }

    /** Executes statements as a superuser, outside the database of any test, so that its settings do not apply. */
    default void execute(String sql) {
        execute("postgres", sql);
    }

    /** Executes statements as a superuser. */
    default void execute(String database, String sql) {
        Jdbc.execute(superuserUrl(database), sql);
    }

    /**
     * Sends a signal to a process of the server.
     *
     * @param name such as {@code STOP}
     * @param pid the id that Postgres has for the process; on the machine of the tests another process can have it
     * @throws IllegalStateException if there is no such process
     */
    void signal(String name, long pid);

    /** Stops the server and deletes its data. */
    @Override
    void close();
}
