package dev.lockstep.runtime.auth;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClientAgent;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.RequestOptions;
import io.vertx.core.json.DecodeException;
import io.vertx.core.json.JsonObject;
import io.vertx.core.net.PemTrustOptions;
import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/** Reads the keys and the metadata of an issuer over HTTP. Time and size of each response are limited, and redirects are not followed. */
final class IssuerClient {
    private static final Duration TIMEOUT = Duration.ofSeconds(5);
    private static final int MAX_BYTES = 256 * 1024;

    private final Vertx vertx;
    private final Issuer issuer;
    private final HttpClientAgent client;

    IssuerClient(Vertx vertx, Issuer issuer) {
        this.vertx = vertx;
        this.issuer = issuer;
        this.client = vertx.createHttpClient(options(issuer));
    }

    /** The options of connections to the issuer. */
    static HttpClientOptions options(Issuer issuer) {
        HttpClientOptions options = new HttpClientOptions()
                .setConnectTimeout(Math.toIntExact(TIMEOUT.toMillis()))
                .setReadIdleTimeout(Math.toIntExact(TIMEOUT.toSeconds()))
                .setVerifyHost(true);
        if (issuer.caFile() != null) {
            options.setTrustOptions(new PemTrustOptions().addCertPath(issuer.caFile()));
        }
        return options;
    }

    /** Completes with the issuer's keys. Fails with a message that names the address at fault. */
    Future<SigningKeys> keys() {
        return keysUri()
                .compose(uri -> get(uri).map(jwks -> {
                    try {
                        return SigningKeys.of(vertx, jwks);
                    } catch (IllegalArgumentException unusable) {
                        throw new IllegalStateException(uri + ": " + unusable.getMessage(), unusable);
                    }
                }));
    }

    Future<Void> close() {
        return client.close();
    }

    private Future<URI> keysUri() {
        URI known = issuer.jwksUri();
        if (known != null) {
            return Future.succeededFuture(known);
        }
        URI metadata = issuer.metadataUri();
        return get(metadata).map(document -> uri(metadata, document, "jwks_uri"));
    }

    /** Completes with the address at which tokens are requested. Fails with a message that names the address at fault. */
    Future<URI> tokenUri() {
        URI metadata = issuer.metadataUri();
        return get(metadata).map(document -> uri(metadata, document, "token_endpoint"));
    }

    // The issuer in the document must be the expected one (OpenID Connect Discovery 1.0, section 4.3).
    private URI uri(URI metadata, JsonObject document, String member) {
        if (!issuer.name().equals(document.getValue("issuer"))) {
            throw new IllegalStateException(metadata + " is the metadata of another issuer than " + issuer.name());
        }
        if (document.getValue(member) instanceof String text) {
            try {
                URI uri = URI.create(text);
                if (Issuer.problemOf(uri).isEmpty()) {
                    return uri;
                }
            } catch (IllegalArgumentException notUri) {
                throw new IllegalStateException(metadata + ": " + member + " is not a URI", notUri);
            }
        }
        throw new IllegalStateException(metadata + ": " + member + " is missing or is not an https:// URL");
    }

    private Future<JsonObject> get(URI uri) {
        RequestOptions options = new RequestOptions()
                .setAbsoluteURI(uri.toString())
                .putHeader("Accept", "application/json")
                .setConnectTimeout(TIMEOUT.toMillis());
        return client.request(options)
                .compose(request -> request.send()
                        .compose(response -> read(request, response))
                        .timeout(TIMEOUT.toMillis(), TimeUnit.MILLISECONDS)
                        .onFailure(failure -> request.reset()))
                .map(body -> json(uri, body))
                .recover(failure -> Future.failedFuture(explained(uri, failure)));
    }

    private static Future<Buffer> read(HttpClientRequest request, HttpClientResponse response) {
        if (response.statusCode() != 200) {
            return Future.failedFuture(new IOException("response status " + response.statusCode()));
        }
        Promise<Buffer> read = Promise.promise();
        Buffer body = Buffer.buffer();
        response.handler(chunk -> {
            if (body.length() + chunk.length() > MAX_BYTES) {
                read.tryFail(new IOException("the response has more than " + MAX_BYTES + " bytes"));
                request.reset();
            } else {
                body.appendBuffer(chunk);
            }
        });
        response.exceptionHandler(read::tryFail);
        response.endHandler(end -> read.tryComplete(body));
        return read.future();
    }

    private static JsonObject json(URI uri, Buffer body) {
        try {
            return new JsonObject(body);
        } catch (DecodeException notJson) {
            throw new IllegalStateException(uri + ": the response is not a JSON object", notJson);
        }
    }

    private static Throwable explained(URI uri, Throwable failure) {
        return failure instanceof IllegalStateException explained
                ? explained
                : new IllegalStateException(uri + ": " + failure.getMessage(), failure);
    }
}
