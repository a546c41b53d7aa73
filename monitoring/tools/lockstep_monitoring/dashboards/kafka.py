"""Kafka: messages per second, lag and the health of each broker."""

from grafana_foundation_sdk.builders.dashboard import Dashboard

from lockstep_monitoring.dashboards.panels import alerts, choice, graph, new_dashboard, row, single
from lockstep_monitoring.dashboards.promql import highest, per_second, total

TOPICS = "kafka_server_brokertopicmetrics"
REPLICAS = "kafka_server_replicamanager"
REQUEST_TIME = "kafka_network_requestmetrics_totaltimems"
# The series of the whole broker, beside those of each topic.
WHOLE_BROKER = 'topic=""'


def dashboard() -> Dashboard:
    return (
        new_dashboard("Kafka", "kafka", "Messages per second, consumer lag, and the health of each broker.")
        .with_variable(choice("topic", "Topic", "label_values(kafka_consumer_lag, topic)"))
        .with_panel(
            single(
                "Messages per second",
                "sum(kafka_messages_per_second)",
                "ops",
                "Records written to all topics, without Kafka's internal ones.",
            )
        )
        .with_panel(
            single(
                "Failed requests",
                per_second(f"{TOPICS}_failedproducerequests_total", where=WHOLE_BROKER)
                + " + "
                + per_second(f"{TOPICS}_failedfetchrequests_total", where=WHOLE_BROKER),
                "reqps",
                "Produce and fetch requests that failed in a broker for an unexpected reason.",
                limits=(0.1, 1),
            )
        )
        .with_panel(
            single(
                "Produce time, p99",
                highest(REQUEST_TIME, where='request="Produce", quantile="0.99"'),
                "ms",
                "The slowest broker, including the wait for its replicas.",
                limits=(100, 1000),
            )
        )
        .with_panel(alerts("kafka"))
        .with_row(row("Messages"))
        .with_panel(
            graph(
                "Messages per second",
                {"{{topic}}": 'kafka_messages_per_second{topic=~"$topic"}'},
                "ops",
                "By topic.",
            )
        )
        .with_panel(
            graph(
                "Consumer lag",
                {"{{group}} {{topic}}": 'kafka_consumer_lag{topic=~"$topic"}'},
                "short",
                "Records that a group has not committed.",
            )
        )
        .with_panel(
            graph(
                "Messages per second and broker",
                {"{{instance}}": per_second(f"{TOPICS}_messagesin_total", by="instance", where=WHOLE_BROKER)},
                "ops",
                "A broker that gets none leads no partition.",
            )
        )
        .with_panel(
            graph(
                "Bytes",
                {
                    "{{instance}} in": per_second(f"{TOPICS}_bytesin_total", by="instance", where=WHOLE_BROKER),
                    "{{instance}} out": per_second(f"{TOPICS}_bytesout_total", by="instance", where=WHOLE_BROKER),
                },
                "Bps",
                "From producers and to consumers, without replication.",
            )
        )
        .with_panel(
            graph(
                "Size on disk",
                {"{{topic}}": total("kafka_log_log_size", by="topic", where='topic=~"$topic"')},
                "bytes",
                "Of all partitions and replicas of a topic.",
                stacked=True,
            )
        )
        .with_panel(
            graph(
                "Request time, p99",
                {"{{instance}} {{request}}": highest(REQUEST_TIME, "instance, request", 'quantile="0.99"')},
                "ms",
                "A fetch waits up to half a second for records, so only Produce shows load.",
            )
        )
        .with_row(row("Brokers"))
        .with_panel(
            graph(
                "Partitions in trouble",
                {
                    "{{instance}} under-replicated": total(f"{REPLICAS}_underreplicatedpartitions", by="instance"),
                    "{{instance}} below min.insync.replicas": total(
                        f"{REPLICAS}_underminisrpartitioncount", by="instance"
                    ),
                    "without a leader": highest("kafka_controller_kafkacontroller_offlinepartitionscount"),
                },
                "short",
                "All of these are 0 in normal operation.",
            )
        )
        .with_panel(
            graph(
                "Partitions led",
                {"{{instance}}": total(f"{REPLICAS}_leadercount", by="instance")},
                "short",
                "About the same number for each broker.",
            )
        )
        .with_panel(
            graph(
                "Idle request handlers",
                {
                    "{{instance}}": highest(
                        "kafka_server_kafkarequesthandlerpool_requesthandleravgidlepercent", by="instance"
                    )
                },
                "percentunit",
                "Below 30 % a broker is overloaded.",
            )
        )
    )
