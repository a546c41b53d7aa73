package dev.lockstep.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Optional;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;

@DisplayNameGeneration(ReplaceUnderscores.class)
class SelectionTest {
    @Test
    void auto_selects_containers_if_an_engine_has_the_images() {
        assertThat(Selection.of("auto", Optional::empty).containers()).isTrue();
    }

    @Test
    void auto_selects_embedded_servers_otherwise_and_says_why() {
        assertThat(Selection.of("auto", () -> Optional.of("no engine"))).isEqualTo(new Selection(false, "no engine"));
    }

    @Test
    void a_selected_kind_is_used_without_asking_the_engine() {
        assertThat(Selection.of("containers", SelectionTest::asked)).isEqualTo(new Selection(true, "-Dtest.servers"));
        assertThat(Selection.of("embedded", SelectionTest::asked)).isEqualTo(new Selection(false, "-Dtest.servers"));
    }

    @Test
    void an_unknown_kind_is_rejected() {
        assertThatThrownBy(() -> Selection.of("docker", Optional::empty))
                .hasMessage("-Dtest.servers must be auto, embedded or containers, but was docker");
    }

    private static Optional<String> asked() {
        throw new AssertionError("the engine was asked");
    }
}
