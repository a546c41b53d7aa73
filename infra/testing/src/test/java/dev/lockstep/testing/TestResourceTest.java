package dev.lockstep.testing;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.RegisterExtension;

@DisplayNameGeneration(ReplaceUnderscores.class)
class TestResourceTest {
    private static final List<Recorded> OPENED = new ArrayList<>();

    // JUnit calls the extension that it registered first last.
    @Order(1)
    @RegisterExtension
    static final AfterAllCallback AFTER_THE_CLASS = context -> {
        if (context.getRequiredTestClass() == TestResourceTest.class) {
            assertThat(OPENED).hasSize(5).allMatch(each -> each.closed == 1);
        }
    };

    @Order(2)
    @RegisterExtension
    static final Recorded OF_THE_CLASS = new Recorded();

    @RegisterExtension
    final Recorded ofTheTest = new Recorded();

    @RepeatedTest(2)
    void a_resource_in_an_instance_field_is_closed_after_each_test() {
        assertThatOnlyTheFieldsAreOpen();
    }

    @Nested
    class when_a_class_is_nested {
        @RepeatedTest(2)
        void the_resources_of_the_enclosing_class_are_open() {
            assertThatOnlyTheFieldsAreOpen();
        }
    }

    private void assertThatOnlyTheFieldsAreOpen() {
        assertThat(OPENED).filteredOn(each -> each.closed == 0).containsExactlyInAnyOrder(OF_THE_CLASS, ofTheTest);
    }

    static final class Recorded extends TestResource {
        private int closed;

        Recorded() {
            OPENED.add(this);
        }

        @Override
        public void close() {
            closed++;
        }
    }
}
