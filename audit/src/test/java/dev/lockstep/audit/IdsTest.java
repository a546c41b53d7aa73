package dev.lockstep.audit;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;

@DisplayNameGeneration(ReplaceUnderscores.class)
class IdsTest {
    @Test
    void ids_sort_as_in_postgres() {
        List<UUID> asPostgres = List.of(
                UUID.fromString("01998d2e-7c4f-7b31-9a52-3f6d1c0e8b24"),
                UUID.fromString("7fffffff-0000-7000-8000-000000000000"),
                UUID.fromString("80000000-0000-7000-0000-000000000000"),
                UUID.fromString("80000000-0000-7000-8000-000000000000"),
                UUID.fromString("ffffffff-ffff-ffff-ffff-ffffffffffff"));

        assertThat(asPostgres.reversed().stream().sorted(Ids.UUID_ORDER)).isEqualTo(asPostgres);
        assertThat(asPostgres.reversed().stream().map(UUID::toString).sorted(Ids.TEXT_ORDER))
                .isEqualTo(asPostgres.stream().map(UUID::toString).toList());
    }

    @Test
    void text_sorts_by_utf8_bytes_not_by_utf16_code_units() {
        assertThat(List.of("😀", "\uFFFD", "a").stream().sorted(Ids.TEXT_ORDER)).containsExactly("a", "\uFFFD", "😀");
    }

    @Test
    void only_a_uuid_of_version_7_has_a_timestamp() {
        assertThat(Ids.timestampMillis("01998d2e-7c4f-7b31-9a52-3f6d1c0e8b24")).isEqualTo(0x01998d2e7c4fL);
        assertThat(Ids.timestampMillis("01998d2e-7c4f-4b31-9a52-3f6d1c0e8b24")).isZero();
        assertThat(Ids.timestampMillis("me")).isZero();
    }

    @Test
    void an_abbreviated_uuid_is_rejected() {
        assertThat(Ids.parse("1-1-1-1-1")).isEmpty();
        assertThat(Ids.parse("01998d2e-7c4f-7b31-9a52-3f6d1c0e8b2")).isEmpty();
        assertThat(Ids.parse("01998D2E-7C4F-7B31-9A52-3F6D1C0E8B24")).isPresent();
    }
}
