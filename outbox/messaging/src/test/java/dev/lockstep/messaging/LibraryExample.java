package dev.lockstep.messaging;

import dev.lockstep.messaging.consumer.MessageConsumer;
import dev.lockstep.messaging.delivery.ConsumerOptions;
import dev.lockstep.messaging.delivery.MessageCodec;
import dev.lockstep.messaging.delivery.ReceivedMessage;
import dev.lockstep.messaging.http.Problem;
import dev.lockstep.messaging.http.RouteAccess;
import dev.lockstep.messaging.operator.Operator;
import dev.lockstep.messaging.outbox.Outbox;
import dev.lockstep.messaging.outbox.OutboxMessage;
import io.micrometer.core.instrument.MeterRegistry;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.ext.auth.User;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.Tuple;
import java.util.List;

/** The examples of the READMEs. {@code DocumentationTest} checks that the READMEs quote them unchanged. */
final class LibraryExample {
    private final Outbox outbox = new Outbox();
    private final Pool pool;
    private final String topic;

    LibraryExample(Pool pool, String topic) {
        this.pool = pool;
        this.topic = topic;
    }

    record Greeted(String name) {}

    // Stores a greeting and sends the message about it, both or neither.
    Future<Void> greet(String name) {
        return pool.withTransaction(tx -> tx.preparedQuery("INSERT INTO greeted (name) VALUES ($1)")
                .execute(Tuple.of(name))
                .compose(inserted -> {
                    OutboxMessage message = OutboxMessage.of("greeting", name, topic, new Greeted(name), null);
                    return outbox.append(tx, List.of(message));
                }));
    }

    MessageConsumer consumer(Vertx vertx, ConsumerOptions options, MeterRegistry meters) {
        return MessageConsumer.create(
                vertx, pool, options, MessageCodec.of(Greeted.class), this::handle, any -> true, meters);
    }

    // Receives each message once. What it writes commits together with the record that the message was handled.
    private Future<Void> handle(SqlConnection tx, List<ReceivedMessage<Greeted>> messages) {
        String[] names = messages.stream().map(each -> each.message().name()).toArray(String[]::new);
        return tx.preparedQuery("INSERT INTO greeted (name) SELECT 'dear ' || name FROM unnest($1::text[]) AS name")
                .execute(Tuple.of(names))
                .mapEmpty();
    }

    static RouteAccess access() {
        RouteAccess access = (route, right) -> route.handler(ctx -> {
            User user = ctx.user();
            String name = user == null ? null : user.subject();
            if (user != null
                    && name != null
                    && right.name().equals(user.principal().getString("role"))) {
                Operator.identify(ctx, name);
                ctx.next();
            } else {
                ctx.fail(Problem.forbidden("The role " + right + " is required"));
            }
        });
        return access;
    }
}
