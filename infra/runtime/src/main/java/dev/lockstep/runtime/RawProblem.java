package dev.lockstep.runtime;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.json.JsonObject;
import java.nio.charset.StandardCharsets;

/** Answers requests that never reach a router with the same problem format as the routes, and closes their connection. */
final class RawProblem {
    static final String CONTENT_TYPE = "application/problem+json";

    private RawProblem() {}

    /** Answers a request that could not be decoded. */
    static void answer(HttpServerRequest request, int status, String detail) {
        request.response()
                .setStatusCode(status)
                .putHeader(HttpHeaders.CONTENT_TYPE, CONTENT_TYPE)
                .putHeader(HttpHeaders.CONNECTION, HttpHeaders.CLOSE)
                .end(json(status, detail));
        request.connection().close();
    }

    /** Writes directly to the socket and bypasses the encoder, because there may be no request to respond to yet. */
    static void send(ChannelHandlerContext ctx, int status, String detail) {
        byte[] body = json(status, detail).getBytes(StandardCharsets.UTF_8);
        String head = "HTTP/1.1 " + HttpResponseStatus.valueOf(status) + "\r\n"
                + "content-type: " + CONTENT_TYPE + "\r\n"
                + "content-length: " + body.length + "\r\n"
                + "connection: close\r\n\r\n";
        ByteBuf response = Unpooled.wrappedBuffer(head.getBytes(StandardCharsets.US_ASCII), body);
        ChannelFuture sent =
                ctx.pipeline().context(HttpConnectionHandler.ENCODER).writeAndFlush(response);
        sent.addListener(written -> {
            var _ = ctx.close();
        });
    }

    private static String json(int status, String detail) {
        return new JsonObject()
                .put("type", "about:blank")
                .put("title", HttpResponseStatus.valueOf(status).reasonPhrase())
                .put("status", status)
                .put("detail", detail)
                .encode();
    }
}
