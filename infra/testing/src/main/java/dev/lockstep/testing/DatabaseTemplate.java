package dev.lockstep.testing;

import java.util.function.Consumer;
import javax.sql.DataSource;
import org.flywaydb.core.Flyway;
import org.jspecify.annotations.Nullable;

/** The tables of a service, migrated once in each JVM. A {@link TestDatabase} is a copy, which takes a fraction of a migration's time. */
public final class DatabaseTemplate {
    private final String prefix;
    private final Consumer<DataSource> migration;
    private @Nullable String database;

    /** @param prefix what the names of the databases start with */
    public DatabaseTemplate(String prefix, Consumer<DataSource> migration) {
        this.prefix = prefix;
        this.migration = migration;
    }

    /**
     * The tables of a service.
     *
     * @param library migrates the tables of the messaging library
     * @param location the folder of the service's own migrations on the class path
     */
    public static DatabaseTemplate ofService(String prefix, Consumer<DataSource> library, String location) {
        return new DatabaseTemplate(prefix, library.andThen(source -> migrate(source, location)));
    }

    private static void migrate(DataSource source, String location) {
        Flyway.configure()
                .dataSource(source)
                .locations("classpath:" + location)
                .baselineOnMigrate(true)
                .baselineVersion("0")
                .load()
                .migrate();
    }

    String prefix() {
        return prefix;
    }

    /** The name of the migrated database. Migrates it on the first call. */
    synchronized String database() {
        String migrated = database;
        if (migrated == null) {
            TestDatabase template = new TestDatabase(prefix + "_template");
            migration.accept(template.dataSource());
            migrated = template.name();
            database = migrated;
        }
        return migrated;
    }
}
