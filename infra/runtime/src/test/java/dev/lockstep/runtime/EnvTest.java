package dev.lockstep.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayNameGeneration(ReplaceUnderscores.class)
class EnvTest {
    private record Settings(
            String name, Secret password, int count, long size, boolean on, Duration patience, String colour) {}

    @Test
    void settings_are_read_into_their_types() {
        assertThat(read(Map.of(
                        "NAME", " orders ",
                        "PASSWORD", " with blanks ",
                        "COUNT", " 3 ",
                        "SIZE", "5000000000",
                        "ON", "True",
                        "PATIENCE", "PT1M",
                        "COLOUR", "RED")))
                .isEqualTo(new Settings(
                        "orders", new Secret(" with blanks "), 3, 5_000_000_000L, true, Duration.ofMinutes(1), "red"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "  ", "\n"})
    void a_blank_setting_counts_as_absent(String blank) {
        assertThat(read(Map.of(
                        "NAME",
                        "n",
                        "PASSWORD",
                        "p",
                        "COUNT",
                        blank,
                        "SIZE",
                        blank,
                        "ON",
                        blank,
                        "PATIENCE",
                        blank,
                        "COLOUR",
                        blank)))
                .isEqualTo(read(Map.of("NAME", "n", "PASSWORD", "p")))
                .isEqualTo(new Settings("n", new Secret("p"), 8, 9L, false, Duration.ofSeconds(30), "blue"));
        assertThat(problems(Map.of("NAME", blank, "PASSWORD", blank))).isEqualTo("""
                        paint-service cannot start because its settings have 2 problem(s):
                          - NAME is required: what to paint, e.g. fence
                          - PASSWORD is required: of the paint shop""");
    }

    @Test
    void all_problems_are_reported_at_once_with_name_and_value() {
        assertThat(problems(Map.of(
                        "PASSWORD",
                        "hunter2",
                        "COUNT",
                        "0",
                        "SIZE",
                        "1.5",
                        "ON",
                        "yes",
                        "PATIENCE",
                        "soon",
                        "COLOUR",
                        "green")))
                .isEqualTo("""
                        paint-service cannot start because its settings have 6 problem(s):
                          - NAME is required: what to paint, e.g. fence
                          - SIZE must be a whole number, but was "1.5"
                          - ON must be true or false, but was "yes"
                          - PATIENCE must be an ISO-8601 duration such as PT30S, but was "soon"
                          - COLOUR must be one of red, blue, but was "green"
                          - COUNT must be at least 1, but was 0""");
    }

    @Test
    void a_duration_that_a_timer_cannot_measure_is_rejected() {
        assertThat(problems(Map.of("NAME", "n", "PASSWORD", "p", "PATIENCE", "P100001D")))
                .endsWith("  - PATIENCE must be at most PT2400000H, but was PT2400024H");
        assertThat(read(Map.of("NAME", "n", "PASSWORD", "p", "PATIENCE", "P100000D"))
                        .patience())
                .isEqualTo(Duration.ofDays(100_000));
    }

    @Test
    void a_secret_is_not_shown_by_the_record_that_holds_it() {
        assertThat(read(Map.of("NAME", "n", "PASSWORD", "hunter2")).toString())
                .contains("password=***")
                .doesNotContain("hunter2");
    }

    private static String problems(Map<String, String> environment) {
        return String.valueOf(catchThrowableOfType(SettingsException.class, () -> read(environment))
                .getMessage());
    }

    private static Settings read(Map<String, String> environment) {
        Env env = new Env(environment);
        String name = env.required("NAME", "what to paint, e.g. fence");
        Secret password = env.requiredSecret("PASSWORD", "of the paint shop");
        int count = env.integer("COUNT", 8);
        long size = env.longInteger("SIZE", 9);
        boolean on = env.bool("ON", false);
        Duration patience = env.duration("PATIENCE", Duration.ofSeconds(30));
        String colour = env.oneOf("COLOUR", "blue", "red", "blue");
        env.check(count > 0, "COUNT must be at least 1, but was " + count);
        return env.build("paint-service", () -> new Settings(name, password, count, size, on, patience, colour));
    }
}
