package dev.lockstep.runtime.auth;

import io.netty.handler.ipfilter.IpFilterRuleType;
import io.netty.handler.ipfilter.IpSubnetFilterRule;
import io.netty.util.NetUtil;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.net.SocketAddress;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The proxies that authenticate users and name them in {@code X-Forwarded-User}. The header of other clients is ignored. */
public final class TrustedProxies {
    // The bits before the IPv4 address in a mapped address.
    private static final int MAPPED_BITS = 96;
    private static final String USER = "X-Forwarded-User";

    private final List<IpSubnetFilterRule> networks;

    /** @param networks addresses and networks in CIDR notation, each of which {@link #isNetwork} accepts */
    public TrustedProxies(List<String> networks) {
        this.networks = networks.stream().map(TrustedProxies::rule).toList();
    }

    /** Whether the text is an address such as {@code 10.0.0.7}, or a network such as {@code 10.0.0.0/8} or {@code fd00::/8}. IPv4
     * addresses that are mapped to IPv6 are accepted, networks that contain them in part of a larger IPv6 network are not. */
    public static boolean isNetwork(String text) {
        int slash = text.indexOf('/');
        String address = slash < 0 ? text : text.substring(0, slash);
        // Names are refused: resolving one would block, and a forged DNS answer would make any host trusted.
        if (!NetUtil.isValidIpV4Address(address) && !NetUtil.isValidIpV6Address(address)) {
            return false;
        }
        if (slash < 0) {
            return true;
        }
        String prefix = text.substring(slash + 1);
        return prefix.matches("\\d{1,3}")
                && Integer.parseInt(prefix) <= bits(address)
                && (!isMapped(address) || Integer.parseInt(prefix) >= MAPPED_BITS);
    }

    private static IpSubnetFilterRule rule(String network) {
        int slash = network.indexOf('/');
        String address = slash < 0 ? network : network.substring(0, slash);
        int prefix = slash < 0 ? bits(address) : Integer.parseInt(network.substring(slash + 1));
        if (isMapped(address)) {
            // The JDK has no mapped addresses: it shows them, also those of connections, as the IPv4 addresses that
            // they are.
            return new IpSubnetFilterRule(ipv4(address), prefix - MAPPED_BITS, IpFilterRuleType.ACCEPT);
        }
        return new IpSubnetFilterRule(address, prefix, IpFilterRuleType.ACCEPT);
    }

    /** Whether the address is an IPv4 address that is written as an IPv6 address: {@code ::ffff:10.0.0.7} (RFC 4291, section 2.5.5.2). */
    private static boolean isMapped(String address) {
        return NetUtil.isValidIpV6Address(address)
                && toAddress(Objects.requireNonNull(NetUtil.createByteArrayFromIpAddressString(address)))
                        instanceof Inet4Address;
    }

    private static String ipv4(String mapped) {
        return toAddress(Objects.requireNonNull(NetUtil.createByteArrayFromIpAddressString(mapped)))
                .getHostAddress();
    }

    private static int bits(String address) {
        return NetUtil.isValidIpV4Address(address) ? 32 : 128;
    }

    /** The user that a trusted proxy names. Empty if the request comes from another client, or has no such header or several. */
    Optional<String> user(HttpServerRequest request) {
        List<String> users = request.headers().getAll(USER);
        return users.size() == 1 && isTrusted(request.remoteAddress())
                ? Optional.of(users.getFirst()).filter(user -> !user.isBlank())
                : Optional.empty();
    }

    boolean isTrusted(@Nullable SocketAddress remote) {
        byte[] address = remote == null || remote.hostAddress() == null
                ? null
                : NetUtil.createByteArrayFromIpAddressString(remote.hostAddress());
        if (address == null) {
            return false;
        }
        InetSocketAddress peer = new InetSocketAddress(toAddress(address), 0);
        return networks.stream().anyMatch(network -> network.matches(peer));
    }

    private static InetAddress toAddress(byte[] address) {
        try {
            return InetAddress.getByAddress(address);
        } catch (UnknownHostException impossible) {
            throw new IllegalArgumentException("an address has 4 or 16 bytes", impossible);
        }
    }
}
