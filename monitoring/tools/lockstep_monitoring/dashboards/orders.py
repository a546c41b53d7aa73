"""Orders: is the business fine?"""

from grafana_foundation_sdk.builders.dashboard import Dashboard

from lockstep_monitoring.dashboards.panels import alerts, graph, new_dashboard, row, single
from lockstep_monitoring.dashboards.promql import highest, per_second, quantile, share

SAGAS = "lockstep_saga_duration_seconds"
CONFIRMED = 'outcome="CONFIRMED"'
HTTP = "vertx_http_server_response_time_seconds"
PLACING = 'route="/orders", method="POST"'


def dashboard() -> Dashboard:
    return (
        new_dashboard("Orders", "orders", "Whether orders are accepted, confirmed in time, and none is stuck.")
        .with_panel(
            single(
                "Orders accepted",
                per_second(f"{HTTP}_count", where=f'{PLACING}, code="202"'),
                "reqps",
                "POST /orders answered with 202, in all instances.",
            )
        )
        .with_panel(
            single(
                "Orders that failed",
                share(
                    per_second(f"{HTTP}_count", where=f'{PLACING}, code=~"5.."'),
                    per_second(f"{HTTP}_count", where=PLACING),
                ),
                "percentunit",
                "Share of POST /orders answered with 5xx.",
                limits=(0.001, 0.01),
            )
        )
        .with_panel(
            single(
                "Time to confirmed, p99",
                quantile(0.99, SAGAS, CONFIRMED),
                "s",
                "From the arrival of the order at the saga service to the end of its saga.",
                limits=(1, 5),
            )
        )
        .with_panel(alerts(".*"))
        .with_row(row("Outcome"))
        .with_panel(
            graph(
                "Orders ended",
                {"{{outcome}} {{reason}}": per_second(f"{SAGAS}_count", by="outcome, reason")},
                "ops",
                "Sagas that ended, by outcome and reason.",
                stacked=True,
            )
        )
        .with_panel(
            graph(
                "Time to confirmed",
                {
                    "p50": quantile(0.5, SAGAS, CONFIRMED),
                    "p90": quantile(0.9, SAGAS, CONFIRMED),
                    "p99": quantile(0.99, SAGAS, CONFIRMED),
                },
                "s",
                "Confirmed orders only.",
            )
        )
        .with_panel(
            graph(
                "Oldest pending order",
                {"age": highest("lockstep_orders_oldest_pending_seconds")},
                "s",
                "OrderPendingTooLong fires from 5 minutes on.",
            )
        )
        .with_row(row("Sagas"))
        .with_panel(
            graph(
                "Active sagas",
                {"{{state}}": highest("lockstep_saga_states", by="state")},
                "short",
                "Sagas that have not ended, by state. From SAGA_MAX_ACTIVE on, new orders wait in Kafka.",
                stacked=True,
            )
        )
        .with_panel(
            graph(
                "Longest wait",
                {"{{state}}": highest("lockstep_saga_oldest_seconds", by="state")},
                "s",
                "How long the longest-waiting saga of each state has been waiting for the same messages.",
            )
        )
        .with_panel(
            graph(
                "Sagas in trouble",
                {
                    "commands repeated each second, {{state}}": per_second("lockstep_saga_retries_total", by="state"),
                    "sagas that cannot advance": highest("lockstep_saga_faulty"),
                    "pending orders without a saga": highest("lockstep_orders_without_saga"),
                },
                "short",
                "All of these are 0 in normal operation.",
            )
        )
        .with_row(row("Order API"))
        .with_panel(
            graph(
                "Requests",
                {
                    "{{method}} {{route}} {{code}}": per_second(
                        f"{HTTP}_count",
                        by="method, route, code",
                        where='service="order-service", route!~"/health/.*|/metrics"',
                    )
                },
                "reqps",
                "Requests to the order service, without health checks and scrapes.",
                width=6,
            )
        )
        .with_panel(
            graph(
                "Time to accept an order",
                {
                    "p50": quantile(0.5, HTTP, PLACING),
                    "p90": quantile(0.9, HTTP, PLACING),
                    "p99": quantile(0.99, HTTP, PLACING),
                },
                "s",
                "POST /orders, until the order is durable. 99 % are to take less than 250 ms.",
                width=6,
            )
        )
        .with_panel(
            graph(
                "Error budget burn",
                {
                    "{{service}}, errors": "service:http_request_errors:ratio_rate1h / 0.001",
                    "{{service}}, slow orders": "service:http_orders_slow:ratio_rate1h / 0.01",
                },
                "short",
                "How fast the last hour spent the error budget. At 1, the budget of 30 days lasts exactly 30 days.",
                width=6,
            )
        )
        .with_panel(
            graph(
                "Orders waiting to be written",
                {"{{instance}}": highest("lockstep_order_intake_waiting", by="instance")},
                "short",
                "From ORDER_INTAKE_QUEUE on, orders are refused.",
                width=6,
            )
        )
    )
