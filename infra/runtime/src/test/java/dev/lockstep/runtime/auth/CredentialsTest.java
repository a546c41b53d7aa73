package dev.lockstep.runtime.auth;

import static org.assertj.core.api.Assertions.assertThat;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.NullAndEmptySource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayNameGeneration(ReplaceUnderscores.class)
class CredentialsTest {
    @ParameterizedTest
    @ValueSource(strings = {"Bearer a.b.c", "bearer a.b.c"})
    void an_access_token_is_forwarded_but_never_printed(String authorization) {
        Credentials credentials = Credentials.ofHeader(authorization);

        assertThat(credentials.authorization()).isEqualTo(authorization);
        assertThat(credentials).hasToString("***");
    }

    @ParameterizedTest
    @NullAndEmptySource
    @ValueSource(strings = {"Basic dTpw", "Bearer", "Bearers a.b.c", "Negotiate a"})
    void other_credentials_are_not_forwarded(@Nullable String authorization) {
        assertThat(Credentials.ofHeader(authorization).authorization()).isNull();
    }

    @Test
    void work_without_a_caller_has_no_credentials() {
        assertThat(Credentials.NONE.authorization()).isNull();
    }
}
