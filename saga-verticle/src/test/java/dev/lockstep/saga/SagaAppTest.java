package dev.lockstep.saga;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.contracts.Topics;
import dev.lockstep.messaging.outbox.ResendRequested;
import java.lang.reflect.Field;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;

@DisplayNameGeneration(ReplaceUnderscores.class)
class SagaAppTest {
    // Deployments create all topics with the command "topics" of this service.
    @Test
    void its_topics_are_all_topics_of_the_system() throws IllegalAccessException {
        List<String> all = new ArrayList<>(List.of(ResendRequested.TOPIC));
        for (Field field : Topics.class.getFields()) {
            all.add((String) field.get(null));
        }

        assertThat(SagaApp.TOPICS).containsExactlyInAnyOrderElementsOf(all);
    }
}
