package dev.lockstep.architecture;

import static com.tngtech.archunit.base.DescribedPredicate.describe;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.AccessTarget.CodeUnitAccessTarget;
import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaConstructor;
import dev.lockstep.messaging.Messaging;
import dev.lockstep.messaging.consumer.MessageConsumer;
import dev.lockstep.runtime.HttpApi;
import dev.lockstep.runtime.Peers;
import dev.lockstep.runtime.ServiceResources;
import io.vertx.core.Future;
import io.vertx.core.http.HttpClientAgent;
import io.vertx.core.http.HttpServer;
import io.vertx.core.net.NetClient;
import io.vertx.core.net.NetServer;
import io.vertx.ext.web.client.WebClient;
import io.vertx.pgclient.PgConnection;
import io.vertx.sqlclient.ClientBuilder;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.SqlClient;
import java.net.Socket;
import java.net.http.HttpClient;
import java.sql.Connection;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import javax.sql.DataSource;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.producer.Producer;

/** Accesses that architecture rules forbid outside certain classes. */
final class AccessPredicates {
    // Objects that hold connections, and their builders.
    private static final List<Class<?>> CLIENTS = List.of(
            Admin.class,
            ClientBuilder.class,
            Connection.class,
            Consumer.class,
            DataSource.class,
            HttpClient.class,
            HttpClient.Builder.class,
            HttpClientAgent.class,
            HttpServer.class,
            MessageConsumer.class,
            NetClient.class,
            NetServer.class,
            Peers.class,
            Pool.class,
            Producer.class,
            ServiceResources.class,
            Socket.class,
            WebClient.class);
    // Their methods complete later, so the type that they return does not show what they open.
    private static final List<Class<?>> OPENED_LATER =
            List.of(HttpApi.class, Messaging.class, PgConnection.class, ServiceResources.class);

    private AccessPredicates() {}

    /** Reads the time, the environment or a random number. */
    static DescribedPredicate<JavaAccess<?>> clockOrRandomness() {
        Map<String, String> forbidden = Map.of(
                "java.lang.System", "currentTimeMillis|nanoTime|getenv|getProperty",
                "java.lang.Math", "random",
                "java.lang.Thread", ".*",
                "java.util.UUID", "randomUUID",
                "java.util.Random", ".*",
                "java.util.SplittableRandom", ".*");
        return describe("a clock or a source of randomness", access -> {
            String owner = access.getTargetOwner().getName();
            boolean clock = owner.equals("java.time.Clock")
                    || (owner.startsWith("java.time.") && access.getName().equals("now"));
            return clock || access.getName().matches(forbidden.getOrDefault(owner, "(?!)"));
        });
    }

    /** Opens a client, a server or a pool, or creates a builder of one. */
    static DescribedPredicate<JavaAccess<?>> opensClient() {
        return describe("a call that opens a client", access -> {
            if (!(access.getTarget() instanceof CodeUnitAccessTarget called)) {
                return false;
            }
            JavaClass opened = called.getName().equals(JavaConstructor.CONSTRUCTOR_NAME)
                    ? called.getOwner()
                    : called.getRawReturnType();
            return CLIENTS.stream().anyMatch(opened::isAssignableTo)
                    || (OPENED_LATER.stream().anyMatch(called.getOwner()::isAssignableTo)
                            && opened.isAssignableTo(Future.class));
        });
    }

    /** Prepares or executes an SQL statement, with Vert.x or JDBC. */
    static DescribedPredicate<JavaAccess<?>> sql() {
        return describe("SQL", access -> {
            JavaClass owner = access.getTargetOwner();
            boolean reactive =
                    owner.isAssignableTo(SqlClient.class) && access.getName().matches("query|preparedQuery|prepare");
            boolean blocking =
                    (owner.isAssignableTo(Connection.class) && access.getName().startsWith("prepare"))
                            || (owner.isAssignableTo(Statement.class)
                                    && access.getName().startsWith("execute"));
            return reactive || blocking;
        });
    }
}
