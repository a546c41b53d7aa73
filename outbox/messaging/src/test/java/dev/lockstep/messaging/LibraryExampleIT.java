package dev.lockstep.messaging;

import static dev.lockstep.testing.Futures.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.lockstep.messaging.consumer.MessageConsumer;
import java.util.UUID;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The example of the READMEs does what they say. */
@DisplayNameGeneration(ReplaceUnderscores.class)
class LibraryExampleIT {
    @RegisterExtension
    final Fixture fixture = Fixture.withTopic(1);

    private final LibraryExample example = new LibraryExample(fixture.pool, fixture.topic);

    @Test
    void a_row_and_its_message_commit_together() {
        await(example.greet("ann"));

        assertThat(fixture.greeted()).containsExactly("ann");
        assertThat(fixture.strings("SELECT type || ' ' || aggregateid || ' ' || topic FROM outbox"))
                .containsExactly("Greeted ann " + fixture.topic);
    }

    @Test
    void a_message_that_arrives_twice_is_handled_once() {
        String id = UUID.randomUUID().toString();
        fixture.send("ann", "Greeted", "{\"name\":\"ann\"}", id);
        fixture.send("ann", "Greeted", "{\"name\":\"ann\"}", id);
        MessageConsumer consumer = example.consumer(fixture.vertx, fixture.options(), fixture.meters);

        await(consumer.start());

        await().untilAsserted(() -> assertThat(fixture.committed()).isEqualTo(2));
        assertThat(fixture.greeted()).containsExactly("dear ann");
        await(consumer.stop());
    }
}
