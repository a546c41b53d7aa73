package dev.lockstep.runtime.auth;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URI;
import java.time.Duration;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayNameGeneration(ReplaceUnderscores.class)
class IssuerTest {
    @ParameterizedTest
    @CsvSource({
        "https://id.example, https://id.example/.well-known/openid-configuration",
        "https://id.example/, https://id.example/.well-known/openid-configuration",
        "https://id.example/realms/shop, https://id.example/realms/shop/.well-known/openid-configuration"
    })
    void the_address_of_the_metadata_is_below_the_issuer(String issuer, String expected) {
        assertThat(new Issuer(new TokenRules(issuer, "lockstep", Duration.ZERO), null, null).metadataUri())
                .hasToString(expected);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "https://id.example/keys",
                "http://127.0.0.1:8080",
                "http://127.1.2.3/",
                "http://localhost:9000/realms/shop",
                "http://[::1]:9000"
            })
    void https_and_loopback_are_accepted(String uri) {
        assertThat(Issuer.problemOf(URI.create(uri))).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "http://id.example",
                "http://127.0.0.1.evil.example",
                "http://localhost.evil.example",
                "https://user:password@id.example",
                "https://id.example/#fragment",
                "ftp://id.example",
                "id.example",
                "https:///keys",
                "file:///etc/keys.json"
            })
    void other_addresses_are_refused(String uri) {
        assertThat(Issuer.problemOf(URI.create(uri))).isPresent();
    }
}
