package dev.lockstep.relay;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayNameGeneration(ReplaceUnderscores.class)
class UuidTimeTest {
    @Test
    void a_version_7_id_contains_its_millisecond() {
        // RFC 9562, appendix A.6
        assertThat(UuidTime.of("017f22e2-79b0-7cc3-98c4-dc0c0c07398f"))
                .contains(Instant.parse("2022-02-22T19:22:22.000Z"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"919108f7-52d1-4320-9bac-f847db4148a8", "c232ab00-9414-11ec-b3c8-9f6bdeced846", "not an id", ""})
    void an_id_of_another_version_contains_no_time(String id) {
        assertThat(UuidTime.of(id)).isEmpty();
    }
}
