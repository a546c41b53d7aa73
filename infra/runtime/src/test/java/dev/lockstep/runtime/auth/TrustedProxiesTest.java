package dev.lockstep.runtime.auth;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.net.SocketAddress;
import java.util.List;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayNameGeneration(ReplaceUnderscores.class)
class TrustedProxiesTest {
    @ParameterizedTest
    @ValueSource(strings = {"10.0.0.7", "10.0.0.0/8", "10.1.2.3/32", "0.0.0.0/0", "::1", "fd00::/8", "fd00::7/128"})
    void addresses_and_networks_are_accepted(String network) {
        assertThat(TrustedProxies.isNetwork(network)).isTrue();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "/",
                "proxy",
                "proxy.example/8",
                "10.0.0",
                "10.0.0.0/",
                "10.0.0.0/33",
                "10.0.0.0/-1",
                "fd00::/129",
                "10.0.0.0/8/8",
                "10.0.0.0/0x8",
                "::ffff:10.0.0.7/95",
                "::ffff:10.0.0.7/129",
                "*"
            })
    void other_text_is_refused(String network) {
        assertThat(TrustedProxies.isNetwork(network)).isFalse();
    }

    @ParameterizedTest
    @CsvSource({
        "10.0.0.0/8, 10.255.0.1, true",
        "10.0.0.0/8, 11.0.0.1, false",
        "10.1.2.3/8, 10.9.9.9, true",
        "10.0.0.7, 10.0.0.7, true",
        "10.0.0.7, 10.0.0.8, false",
        "0.0.0.0/0, 192.0.2.1, true",
        "fd00::/8, fd12::1, true",
        "fd00::/8, fe80::1, false",
        "::ffff:10.0.0.7, 10.0.0.7, true",
        "::ffff:10.0.0.7, 10.0.0.8, false",
        "::ffff:a00:0/104, 10.1.2.3, true",
        "::ffff:10.0.0.0/104, 11.1.2.3, false",
        "::ffff:10.0.0.0/104, ::ffff:10.1.2.3, true",
        "10.0.0.0/8, ::ffff:10.1.2.3, true",
        "10.0.0.0/8, ::ffff:11.1.2.3, false",
        "::1, ::1, true",
        "::1, 127.0.0.1, false",
        "127.0.0.1, ::1, false"
    })
    void a_client_is_trusted_if_its_address_is_in_a_network(String network, String address, boolean trusted) {
        assertThat(new TrustedProxies(List.of(network)).isTrusted(SocketAddress.inetSocketAddress(1, address)))
                .isEqualTo(trusted);
    }

    @Test
    void nothing_is_trusted_by_default() {
        assertThat(new TrustedProxies(List.of()).isTrusted(SocketAddress.inetSocketAddress(1, "127.0.0.1")))
                .isFalse();
        assertThat(new TrustedProxies(List.of("0.0.0.0/0"))
                        .isTrusted(SocketAddress.domainSocketAddress("/run/proxy.sock")))
                .isFalse();
    }
}
