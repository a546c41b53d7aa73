package dev.lockstep.runtime;

import dev.lockstep.messaging.http.PayloadVisibility;
import dev.lockstep.runtime.auth.Issuer;
import dev.lockstep.runtime.auth.TokenRules;
import java.net.URI;
import java.net.URISyntaxException;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * How callers sign in.
 *
 * @param issuer the issuer of accepted tokens, or null if every request is permitted
 * @param declaredOpen whether the settings state that every request is permitted, instead of not mentioning sign-in
 * @param payloads how much of the values of messages callers see who lack the scope for them
 */
public record AuthConfig(@Nullable Issuer issuer, boolean declaredOpen, PayloadVisibility payloads) {
    /** Without sign-in, as on a loopback address without settings. */
    static final AuthConfig OPEN = new AuthConfig(null, false, PayloadVisibility.FULL);

    private static final String ISSUER = "AUTH_ISSUER";
    private static final String AUDIENCE = "AUTH_AUDIENCE";
    private static final String JWKS_URI = "AUTH_JWKS_URI";
    private static final String CA_FILE = "AUTH_CA_FILE";
    private static final String LEEWAY = "AUTH_LEEWAY";
    private static final Duration MAX_LEEWAY = Duration.ofMinutes(5);
    private static final URI NOWHERE = URI.create("https://invalid");

    /** @param exposed whether other machines can reach the service */
    static AuthConfig read(Env env, boolean exposed) {
        String issuer = env.string(ISSUER, "");
        AuthConfig auth = switch (env.oneOf("AUTH", issuer.isEmpty() ? "" : "oidc", "none", "oidc")) {
            case "none" -> {
                env.check(
                        issuer.isEmpty(),
                        "AUTH is none, so every request is permitted, but " + ISSUER + " is set: remove one of them");
                yield new AuthConfig(null, true, PayloadVisibility.MASKED);
            }
            case "oidc" -> new AuthConfig(issuer(env), false, PayloadVisibility.MASKED);
            default -> {
                env.check(
                        !exposed,
                        ISSUER + " is required, because other machines can reach the service: set it and " + AUDIENCE
                                + ", or set AUTH=none to permit every request, or listen on 127.0.0.1");
                if (!exposed) {
                    checkUnused(env);
                }
                yield OPEN;
            }
        };
        String payloads =
                env.oneOf("PAYLOADS", !exposed && auth.issuer() == null ? "full" : "masked", "full", "masked", "none");
        return new AuthConfig(
                auth.issuer(), auth.declaredOpen(), PayloadVisibility.valueOf(payloads.toUpperCase(Locale.ROOT)));
    }

    // Sign-in was intended, but the name of the issuer is missing or misspelt. The service would be open without
    // notice.
    private static void checkUnused(Env env) {
        for (String setting : List.of(AUDIENCE, JWKS_URI, CA_FILE, LEEWAY)) {
            env.check(
                    env.string(setting, "").isEmpty(),
                    setting + " has no effect without " + ISSUER + ", and every request would be permitted: set "
                            + ISSUER + ", or AUTH=none, or remove " + setting);
        }
    }

    private static Issuer issuer(Env env) {
        String name = env.required(
                ISSUER, "the issuer of the access tokens, as in their claim iss, e.g. https://id.example/realms/shop");
        String audience =
                env.required(AUDIENCE, "the audience of the access tokens, as in their claim aud, e.g. lockstep");
        if (!name.isEmpty()) {
            uri(env, ISSUER, name);
        }
        // It is quoted in the header WWW-Authenticate.
        env.check(
                audience.chars().allMatch(each -> each > ' ' && each < 127 && each != '"' && each != '\\'),
                AUDIENCE + " must consist of printable ASCII characters without blanks, quotes and backslashes");
        String jwksUri = env.string(JWKS_URI, "");
        String caFile = env.string(CA_FILE, "");
        if (!caFile.isEmpty()) {
            env.readableFile(CA_FILE, caFile);
        }
        Duration leeway = env.duration(LEEWAY, Duration.ofSeconds(30));
        env.checkRange(LEEWAY, leeway, Duration.ZERO, MAX_LEEWAY);
        return new Issuer(
                new TokenRules(name, audience, leeway),
                jwksUri.isEmpty() ? null : uri(env, JWKS_URI, jwksUri),
                caFile.isEmpty() ? null : caFile);
    }

    private static URI uri(Env env, String setting, String text) {
        try {
            URI uri = new URI(text);
            Issuer.problemOf(uri)
                    .ifPresent(problem -> env.check(false, setting + " " + problem + ", but was \"" + text + "\""));
            return uri;
        } catch (URISyntaxException e) {
            env.check(false, setting + " must be a URL, but was \"" + text + "\"");
            return NOWHERE;
        }
    }
}
