package dev.lockstep.runtime.tracing;

import dev.lockstep.messaging.record.TraceContext;
import dev.lockstep.messaging.tracing.MessageTracing;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanBuilder;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.StatusCode;
import io.vertx.core.Future;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.UUID;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.Header;
import org.jspecify.annotations.Nullable;

/** The spans of messages, named and described by the semantic conventions for messaging. */
final class MessageSpans implements MessageTracing {
    private static final AttributeKey<String> SYSTEM = AttributeKey.stringKey("messaging.system");
    private static final AttributeKey<String> OPERATION_NAME = AttributeKey.stringKey("messaging.operation.name");
    private static final AttributeKey<String> OPERATION_TYPE = AttributeKey.stringKey("messaging.operation.type");
    private static final AttributeKey<String> DESTINATION = AttributeKey.stringKey("messaging.destination.name");
    private static final AttributeKey<String> PARTITION = AttributeKey.stringKey("messaging.destination.partition.id");
    private static final AttributeKey<String> GROUP = AttributeKey.stringKey("messaging.consumer.group.name");
    private static final AttributeKey<String> MESSAGE_ID = AttributeKey.stringKey("messaging.message.id");
    private static final AttributeKey<String> KEY = AttributeKey.stringKey("messaging.kafka.message.key");
    private static final AttributeKey<Long> OFFSET = AttributeKey.longKey("messaging.kafka.offset");
    private static final AttributeKey<String> TYPE = AttributeKey.stringKey("lockstep.message.type");
    private static final AttributeKey<String> REASON = AttributeKey.stringKey("lockstep.reason");
    private static final String KAFKA = "kafka";
    private static final String SEND = "send";
    private static final String PROCESS = "process";
    // Only the beginning of a value is kept in a span, and a key may have a megabyte.
    private static final int MAX_BYTES = 1_000;

    private final Spans spans;

    MessageSpans(Spans spans) {
        this.spans = spans;
    }

    @Override
    public Sending sending() {
        return new SentSpans();
    }

    @Override
    public Processing processing(String group) {
        return new ProcessedSpans(group);
    }

    @Override
    public void notHandled(String group, ConsumerRecord<byte[], byte[]> record, Outcome outcome, String reason) {
        Span span = consumer(group, record, TraceContext.of(record)).startSpan();
        span.addEvent("message." + outcome.name().toLowerCase(Locale.ROOT), Attributes.of(REASON, reason));
        span.setStatus(StatusCode.ERROR, reason);
        span.end();
    }

    @Override
    public void inTrace(@Nullable String traceparent, Runnable task) {
        CurrentTrace.run(traceparent, task);
    }

    private SpanBuilder consumer(String group, ConsumerRecord<byte[], byte[]> record, @Nullable String traceparent) {
        SpanBuilder builder = spans.builder(PROCESS + ' ' + record.topic(), SpanKind.CONSUMER, traceparent)
                .setAttribute(SYSTEM, KAFKA)
                .setAttribute(OPERATION_NAME, PROCESS)
                .setAttribute(OPERATION_TYPE, PROCESS)
                .setAttribute(DESTINATION, record.topic())
                .setAttribute(PARTITION, Integer.toString(record.partition()))
                .setAttribute(OFFSET, record.offset())
                .setAttribute(GROUP, group);
        if (record.key() != null) {
            builder.setAttribute(KEY, text(record.key()));
        }
        Header type = record.headers().lastHeader("ce_type");
        return type == null || type.value() == null ? builder : builder.setAttribute(TYPE, text(type.value()));
    }

    private static String text(byte[] bytes) {
        return new String(bytes, 0, Math.min(bytes.length, MAX_BYTES), StandardCharsets.UTF_8);
    }

    /** The spans of one transaction. They end together, when it commits. */
    private static class TransactionSpans {
        private final List<Span> begun = new ArrayList<>();

        String begin(SpanBuilder builder, @Nullable String traceparent) {
            Span span = builder.startSpan();
            if (span.isRecording()) {
                begun.add(span);
            }
            return Spans.traceparent(span, traceparent);
        }

        // A span that never ends is never exported.
        void endAll(Future<Void> transaction) {
            if (!begun.isEmpty()) {
                transaction.onSuccess(committed -> begun.forEach(Span::end));
            }
        }
    }

    private final class SentSpans extends TransactionSpans implements Sending {
        @Override
        public @Nullable String begin(String topic, String type, String key, @Nullable String traceparent) {
            return traceparent == null
                    ? null
                    : begin(
                            spans.builder(SEND + ' ' + topic, SpanKind.PRODUCER, traceparent)
                                    .setAttribute(SYSTEM, KAFKA)
                                    .setAttribute(OPERATION_NAME, SEND)
                                    .setAttribute(OPERATION_TYPE, SEND)
                                    .setAttribute(DESTINATION, topic)
                                    .setAttribute(KEY, key)
                                    .setAttribute(TYPE, type),
                            traceparent);
        }

        @Override
        public void endWith(Future<Void> transaction) {
            endAll(transaction);
        }
    }

    private final class ProcessedSpans extends TransactionSpans implements Processing {
        private final String group;

        ProcessedSpans(String group) {
            this.group = group;
        }

        @Override
        public String begin(ConsumerRecord<byte[], byte[]> record, UUID messageId, @Nullable String traceparent) {
            return begin(
                    consumer(group, record, traceparent).setAttribute(MESSAGE_ID, messageId.toString()), traceparent);
        }

        @Override
        public void endWith(Future<Void> transaction) {
            endAll(transaction);
        }
    }
}
