package dev.lockstep.order;

import dev.lockstep.order.Timeline.Entry;
import dev.lockstep.order.Timeline.Truncated;
import dev.lockstep.order.domain.Order;
import dev.lockstep.runtime.PeerUnavailableException;
import dev.lockstep.runtime.Peers;
import dev.lockstep.runtime.Peers.PeerList;
import dev.lockstep.runtime.Peers.Unavailable;
import dev.lockstep.runtime.auth.Credentials;
import io.vertx.core.Future;
import io.vertx.core.MultiMap;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;

/**
 * Assembles the timeline of an order from the records of this service and its peers. It queries all services concurrently, each within the
 * timeout of {@link Peers}, and returns what it received.
 */
final class TimelineAssembler {
    private static final String SAGA = "saga";
    private static final int MAX_ENTRIES_PER_LIST = 500;
    // An id takes 37 characters, and a server refuses a request line longer than 4 KiB.
    private static final int IDS_PER_REQUEST = 50;

    // Entries of one transaction have the same timestamp. The message is consumed before the saga step and the messages
    // that result from it.
    private static final List<String> KIND_ORDER = List.of("accepted", "consumed", "saga-step", "sent");

    private final Peers peers;

    TimelineAssembler(Peers peers) {
        this.peers = peers;
    }

    /**
     * Never fails. Services that could not be queried are listed in the result.
     *
     * @param traceparent the trace context in which the order was accepted
     * @param credentials those of the caller, with which the services are asked
     */
    Future<Timeline> assemble(Order order, String traceparent, Credentials credentials) {
        TimelineBuilder collected = new TimelineBuilder(order.id().toString(), credentials);
        collected.add(order.createdAt(), peers.self(), "accepted", Map.of("traceparent", traceparent));
        return Future.join(peers.names().stream()
                        .flatMap(service -> collected.requestLists(service).stream())
                        .toList())
                .compose(collectedAll -> Future.join(peers.names().stream()
                        .flatMap(service -> collected.requestInbox(service).stream())
                        .toList()))
                .map(collectedAll -> collected.timeline(order));
    }

    /**
     * Collects the responses for one request. Confined to the context of that request, so it needs no synchronization.
     */
    private final class TimelineBuilder {
        private final String orderId;
        private final Credentials credentials;
        private final List<Entry> entries = new ArrayList<>();
        private final List<Truncated> truncated = new ArrayList<>();
        private final Map<String, String> unavailable = new LinkedHashMap<>();
        private final Set<String> answered = new HashSet<>();
        // Sorted by id, so the newest message is last.
        private final TreeMap<String, JsonObject> messages = new TreeMap<>();

        TimelineBuilder(String orderId, Credentials credentials) {
            this.orderId = orderId;
            this.credentials = credentials;
        }

        List<Future<Void>> requestLists(String service) {
            List<Future<Void>> requests = new ArrayList<>(List.of(
                    list(service, "outbox", query("aggregateId", orderId), row -> {
                        messages.put(row.getString("id"), row);
                        add(
                                row,
                                "createdAt",
                                service,
                                "sent",
                                "id",
                                "type",
                                "topic",
                                "state",
                                "sequence",
                                "traceparent");
                    }),
                    list(service, "dead-letters", query("key", orderId).add("state", "any"), letter -> {
                        if (orderId.equals(letter.getString("key"))) {
                            add(
                                    letter,
                                    "lastAt",
                                    service,
                                    "dead-letter",
                                    "id",
                                    "type",
                                    "topic",
                                    "partition",
                                    "offset",
                                    "reason",
                                    "error",
                                    "attempts",
                                    "state");
                        }
                    }),
                    list(
                            service,
                            "parked-messages",
                            query("key", orderId),
                            message -> add(
                                    message,
                                    "firstAt",
                                    service,
                                    "waiting",
                                    "type",
                                    "topic",
                                    "partition",
                                    "offset",
                                    "reason",
                                    "error",
                                    "attempts",
                                    "nextAttemptAt")),
                    list(service, "delivery-incidents", query("key", orderId), incident -> {
                        Map<String, Object> detail = new LinkedHashMap<>(incident.getMap());
                        detail.keySet().removeAll(List.of("at", "event", "key"));
                        add(at(incident, "at"), service, incident.getString("event"), detail);
                    })));
            if (service.equals(SAGA)) {
                requests.add(requestSagaHistory(service));
            }
            return requests;
        }

        List<Future<Void>> requestInbox(String service) {
            // Services that did not answer any request of the first round are skipped. A single failed list does not
            // exclude a service.
            if (!answered.contains(service)) {
                return List.of();
            }
            List<String> ids = messages.descendingKeySet().stream()
                    .limit(MAX_ENTRIES_PER_LIST)
                    .toList();
            if (ids.size() < messages.size()) {
                truncated.add(new Truncated(service, "inbox", ids.size()));
            }
            List<Future<Void>> requests = new ArrayList<>();
            for (int from = 0; from < ids.size(); from += IDS_PER_REQUEST) {
                MultiMap query = MultiMap.caseInsensitiveMultiMap().add("limit", String.valueOf(MAX_ENTRIES_PER_LIST));
                ids.subList(from, Math.min(from + IDS_PER_REQUEST, ids.size())).forEach(id -> query.add("id", id));
                requests.add(list(service, "inbox", query, received -> {
                    String id = received.getString("messageId");
                    Map<String, Object> detail = new LinkedHashMap<>();
                    detail.put("messageId", id);
                    detail.put(
                            "type", messages.getOrDefault(id, new JsonObject()).getValue("type"));
                    copy(received, detail, "topic", "partition", "offset", "attempts");
                    add(at(received, "receivedAt"), service, "consumed", detail);
                }));
            }
            return requests;
        }

        void add(Instant at, String service, String kind, Map<String, Object> detail) {
            entries.add(new Entry(at, service, kind, detail));
        }

        Timeline timeline(Order order) {
            entries.sort(Comparator.comparing(Entry::at).thenComparingInt(entry -> KIND_ORDER.indexOf(entry.kind())));
            return new Timeline(
                    orderId,
                    order.state().status(),
                    entries,
                    unavailable.entrySet().stream()
                            .map(each -> new Unavailable(each.getKey(), each.getValue()))
                            .toList(),
                    truncated);
        }

        private Future<Void> requestSagaHistory(String service) {
            // The diagnosis is not needed here, because the timeline queries the services itself. Without it the saga
            // service does not query its own peers.
            MultiMap query = MultiMap.caseInsensitiveMultiMap().add("obstacles", "false");
            return recordOutcome(
                    service,
                    peers.find(service, "/sagas/" + orderId, query, credentials).map(saga -> {
                        JsonArray history = saga.orElseGet(JsonObject::new).getJsonArray("history", new JsonArray());
                        // Oldest first, unlike all other lists.
                        int left = Math.max(0, history.size() - MAX_ENTRIES_PER_LIST);
                        if (left > 0) {
                            truncated.add(new Truncated(service, "history", MAX_ENTRIES_PER_LIST));
                        }
                        for (int i = left; i < history.size(); i++) {
                            JsonObject step = history.getJsonObject(i);
                            Map<String, Object> detail = new LinkedHashMap<>(step.getMap());
                            detail.remove("at");
                            add(at(step, "at"), service, "saga-step", detail);
                        }
                        return saga;
                    }));
        }

        private Future<Void> list(String service, String list, MultiMap query, Consumer<JsonObject> each) {
            return recordOutcome(
                    service, peers.list(service, "/" + list, query, credentials).map((PeerList elements) -> {
                        elements.data().forEach(each);
                        if (elements.truncated()) {
                            truncated.add(
                                    new Truncated(service, list, elements.data().size()));
                        }
                        return elements;
                    }));
        }

        private Future<Void> recordOutcome(String service, Future<?> answer) {
            return answer.onSuccess(found -> answered.add(service))
                    .<Void>mapEmpty()
                    .recover(failure -> {
                        unavailable.putIfAbsent(service, PeerUnavailableException.reason(failure));
                        return Future.succeededFuture();
                    });
        }

        private void add(JsonObject shown, String time, String service, String kind, String... members) {
            Map<String, Object> detail = new LinkedHashMap<>();
            copy(shown, detail, members);
            add(at(shown, time), service, kind, detail);
        }
    }

    private static MultiMap query(String name, String value) {
        return MultiMap.caseInsensitiveMultiMap().add(name, value).add("limit", String.valueOf(MAX_ENTRIES_PER_LIST));
    }

    private static Instant at(JsonObject shown, String time) {
        return Instant.parse(shown.getString(time));
    }

    private static void copy(JsonObject from, Map<String, Object> to, String... members) {
        for (String member : members) {
            Object value = from.getValue(member);
            if (value != null) {
                to.put(member, value);
            }
        }
    }
}
