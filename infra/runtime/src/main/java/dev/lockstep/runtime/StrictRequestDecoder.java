package dev.lockstep.runtime;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.DecoderResult;
import io.netty.handler.codec.http.DefaultFullHttpRequest;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpMessage;
import io.netty.handler.codec.http.HttpMessageDecoderResult;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.AsciiString;
import io.netty.util.ByteProcessor;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.impl.VertxHttpRequestDecoder;
import java.util.List;

/**
 * Netty's request decoder without its leniency. A request that Netty would repair or accept despite an error fails, and nothing after it is
 * read from the connection. One call of decode consumes either whole lines of a head or part of a body, never both, so the raw bytes of
 * heads can be checked.
 */
final class StrictRequestDecoder extends VertxHttpRequestDecoder {
    private final Runnable onHeadStarted;
    private boolean inHead = true;
    private boolean refused;
    private int contentLengths;
    private long requestLineLength;
    private byte previous = '\n';
    private int lines;

    /** @param onHeadStarted runs when the first bytes of a request arrive, and again for further bytes of its head */
    StrictRequestDecoder(HttpServerOptions options, Runnable onHeadStarted) {
        super(options);
        this.onHeadStarted = onHeadStarted;
    }

    @Override
    protected void decode(ChannelHandlerContext ctx, ByteBuf buffer, List<Object> out) throws Exception {
        if (refused) {
            buffer.skipBytes(buffer.readableBytes());
            return;
        }
        int decodedBefore = out.size();
        if (!inHead) {
            super.decode(ctx, buffer, out);
            inHead = endsWithLastContent(out, decodedBefore);
            return;
        }
        onHeadStarted.run();
        int from = buffer.readerIndex();
        super.decode(ctx, buffer, out);
        HttpRequest request =
                out.size() > decodedBefore && out.get(decodedBefore) instanceof HttpRequest decoded ? decoded : null;
        if (request != null && request.decoderResult().isFailure()) {
            refused = true;
            return;
        }
        try {
            checkBytes(buffer, from, buffer.readerIndex());
            if (request != null) {
                headDecoded(request, endsWithLastContent(out, decodedBefore));
            }
        } catch (MalformedRequestException e) {
            refuse(buffer, out, decodedBefore, e);
        }
    }

    @Override
    protected void decodeLast(ChannelHandlerContext ctx, ByteBuf buffer, List<Object> out) throws Exception {
        if (refused) {
            buffer.skipBytes(buffer.readableBytes());
        } else {
            super.decodeLast(ctx, buffer, out);
        }
    }

    @Override
    protected HttpMessage createMessage(String[] initialLine) {
        RequestHeadValidator.checkRequestLine(initialLine[0], initialLine[1], initialLine[2]);
        contentLengths = 0;
        requestLineLength = initialLine[0].length() + 1L + initialLine[1].length() + 1L + initialLine[2].length();
        return super.createMessage(initialLine);
    }

    @Override
    protected HttpMessage createInvalidMessage() {
        return new DefaultFullHttpRequest(HttpVersion.HTTP_1_1, HttpMethod.GET, "/");
    }

    // Called for each header field. In an HTTP/1.0 request with several Content-Length fields the base class keeps one
    // of them, so they are counted here.
    @Override
    protected AsciiString splitHeaderName(byte[] line, int start, int length) {
        if (length == 0) {
            throw new MalformedRequestException(400, "A header field must have a name");
        }
        AsciiString name = super.splitHeaderName(line, start, length);
        if (HttpHeaderNames.CONTENT_LENGTH.contentEqualsIgnoreCase(name)) {
            contentLengths++;
        }
        return name;
    }

    // The base class would drop the Content-Length and continue.
    @Override
    protected void handleTransferEncodingChunkedWithContentLength(HttpMessage message) {
        throw RequestHeadValidator.bothLengths();
    }

    private void headDecoded(HttpRequest request, boolean withoutBody) {
        if (contentLengths > 1) {
            throw new MalformedRequestException(400, "The request must have only one Content-Length");
        }
        if (request.decoderResult() instanceof HttpMessageDecoderResult result
                && result.initialLineLength() != requestLineLength) {
            throw new MalformedRequestException(400, "The parts of the request line must have one space between them");
        }
        RequestHeadValidator.checkHeaders(request);
        inHead = withoutBody;
        previous = '\n';
        lines = 0;
    }

    private void refuse(ByteBuf buffer, List<Object> out, int decodedBefore, MalformedRequestException cause) {
        refused = true;
        buffer.skipBytes(buffer.readableBytes());
        HttpMessage message = createInvalidMessage();
        message.setDecoderResult(DecoderResult.failure(cause));
        // Only LastHttpContent.EMPTY_LAST_CONTENT can follow, which needs no release.
        out.subList(decodedBefore, out.size()).clear();
        out.add(message);
    }

    private void checkBytes(ByteBuf buffer, int from, int to) {
        int stopped = buffer.forEachByte(from, to - from, (ByteProcessor) this::isHeadByte);
        if (stopped != -1) {
            throw new MalformedRequestException(
                    400, "The request line and header fields must be single lines of text that end with CRLF");
        }
    }

    private boolean isHeadByte(byte value) {
        if (previous == '\n' && value > ' ') {
            lines++;
        }
        boolean valid = previous == '\r'
                ? value == '\n'
                : value == '\r'
                        || value < 0
                        || (value > ' ' && value != 0x7f)
                        || (value == ' ' && previous != '\n')
                        || (value == '\t' && previous != '\n' && lines > 1);
        previous = value;
        return valid;
    }

    private static boolean endsWithLastContent(List<Object> out, int from) {
        return out.size() > from && out.getLast() instanceof LastHttpContent;
    }
}
