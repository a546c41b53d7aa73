"""Delivery: outbox, relay, lag, parked messages and dead letters of each service."""

from grafana_foundation_sdk.builders.dashboard import Dashboard

from lockstep_monitoring.dashboards.panels import alerts, choice, graph, new_dashboard, row, single
from lockstep_monitoring.dashboards.promql import added, highest, lowest, per_second, total

SERVICE = 'service=~"$service"'


def dashboard() -> Dashboard:
    return (
        new_dashboard("Delivery", "delivery", "Whether messages travel from outbox to consumer, in time and complete.")
        .with_variable(choice("service", "Service", "label_values(lockstep_outbox_pending, service)"))
        .with_panel(
            single(
                "Messages relayed",
                per_second("lockstep_relay_rows_total", where=SERVICE),
                "ops",
                "Outbox rows that Kafka acknowledged.",
            )
        )
        .with_panel(
            single(
                "Messages that failed",
                per_second("lockstep_consumer_messages_total", where=f'{SERVICE}, outcome=~"parked|dead"'),
                "ops",
                "Messages that were parked or became dead letters.",
                limits=(0.01, 1),
            )
        )
        .with_panel(
            single(
                "Oldest pending row",
                highest("lockstep_outbox_oldest_pending_seconds", where=SERVICE),
                "s",
                "Age of the oldest outbox row that Kafka has not acknowledged.",
                limits=(15, 60),
            )
        )
        .with_panel(alerts("delivery"))
        .with_row(row("Outbox and relay"))
        .with_panel(
            graph(
                "Rows relayed",
                {"{{service}}": per_second("lockstep_relay_rows_total", by="service", where=SERVICE)},
                "ops",
                "Outbox rows that Kafka acknowledged, including repeats.",
            )
        )
        .with_panel(
            graph(
                "Rows pending",
                {
                    "{{service}}": highest("lockstep_outbox_pending", by="service", where=SERVICE),
                    "{{service}} held, {{topic}}": highest("lockstep_outbox_held_rows", "service, topic", SERVICE),
                },
                "short",
                "Rows that Kafka has not acknowledged, and those that are held because Kafka refuses their topic.",
            )
        )
        .with_panel(
            graph(
                "Age of the oldest pending row",
                {"{{service}}": highest("lockstep_outbox_oldest_pending_seconds", by="service", where=SERVICE)},
                "s",
                "OutboxNotRelayed fires from one minute on.",
            )
        )
        .with_panel(
            graph(
                "Age of the last heartbeat",
                {"{{service}}": lowest("lockstep_relay_heartbeat_age_seconds", by="service", where=SERVICE)},
                "s",
                "Each relay sends a heartbeat through slot and Kafka twice a second.",
            )
        )
        .with_panel(
            graph(
                "Relays that lead",
                {"{{service}}": total("lockstep_relay_leader", by="service", where=SERVICE)},
                "short",
                "1 for each service. 0 during a takeover, which takes seconds.",
            )
        )
        .with_panel(
            graph(
                "Repairs and restarts",
                {
                    "{{service}} restarts, {{cause}}": added(
                        "lockstep_relay_restarts_total", "service, cause", SERVICE
                    ),
                    "{{service}} missing rows": added("lockstep_relay_missing_rows_total", "service", SERVICE),
                    "{{service}} corrupted rows": added("lockstep_relay_corrupted_rows_total", "service", SERVICE),
                    "{{service}} rows sent again": added("lockstep_relay_resent_rows_total", "service", SERVICE),
                },
                "short",
                "Empty in normal operation; a restart sends a few rows again.",
            )
        )
        .with_row(row("Consumers"))
        .with_panel(
            graph(
                "Messages received",
                {
                    "{{service}} {{outcome}}": per_second(
                        "lockstep_consumer_messages_total", by="service, outcome", where=SERVICE
                    )
                },
                "ops",
                "By outcome: handled, repeated, parked or dead.",
            )
        )
        .with_panel(
            graph(
                "Consumer lag",
                {"{{group}} {{topic}}": "kafka_consumer_lag"},
                "short",
                "Records that a group has not committed. New orders wait in order.created while many sagas are active.",
            )
        )
        .with_panel(
            graph(
                "Partitions without progress",
                {"{{group}}": highest("lockstep_consumer_unread_partitions", by="group", where=SERVICE)},
                "short",
                "Partitions that have records of which the group has committed none for 10 s.",
            )
        )
        .with_row(row("Messages that need attention"))
        .with_panel(
            graph(
                "Parked",
                {
                    "{{service}} keys": highest("lockstep_parked_keys", by="service", where=SERVICE),
                    "{{service}} messages": highest("lockstep_parked_messages", by="service", where=SERVICE),
                },
                "short",
                "Keys that wait behind a message that fails, and all messages of these keys.",
            )
        )
        .with_panel(
            graph(
                "Open dead letters",
                {
                    "{{service}} {{topic}} {{reason}}": highest(
                        "lockstep_dead_letters", by="service, topic, reason", where=SERVICE
                    )
                },
                "short",
                "Messages that can never be handled, until an operator replays or discards them.",
            )
        )
        .with_panel(
            graph(
                "Gaps, losses and replays",
                {
                    "{{group}} gaps in {{topic}}": added("lockstep_consumer_gaps_total", "group, topic", SERVICE),
                    "{{group}} lost from {{topic}}": added(
                        "lockstep_consumer_lost_records_total", "group, topic", SERVICE
                    ),
                    "{{service}} replayed": added("lockstep_dead_letters_replayed_total", "service", SERVICE),
                    "{{service}} replays running": highest("lockstep_replays_running", "service", SERVICE) + " > 0",
                },
                "short",
                "Messages without their predecessor, records that were removed unread, and dead letters replayed.",
            )
        )
    )
