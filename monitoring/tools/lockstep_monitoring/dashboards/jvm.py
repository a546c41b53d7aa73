"""JVM: memory, garbage collection, event loops and HTTP of each instance."""

from grafana_foundation_sdk.builders.dashboard import Dashboard

from lockstep_monitoring.dashboards.panels import alerts, choice, graph, new_dashboard, row, single
from lockstep_monitoring.dashboards.promql import added, highest, per_second, quantile, share, total

SERVICE = 'service=~"$service"'
HEAP = f'{SERVICE}, area="heap"'
SQL_POOL = f'{SERVICE}, pool_type="sql"'
HTTP = "vertx_http_server_response_time_seconds"
REQUESTS = f'{SERVICE}, route!~"/health/.*|/metrics"'
INSTANCE = "{{service}} {{instance}}"
BY_INSTANCE = "service, instance"


def dashboard() -> Dashboard:
    return (
        new_dashboard("JVM", "jvm", "Memory, garbage collection, event loops and connections of each instance.")
        .with_variable(choice("service", "Service", "label_values(process_uptime_seconds, service)"))
        .with_panel(
            single(
                "Requests",
                per_second(f"{HTTP}_count", where=REQUESTS),
                "reqps",
                "Requests of the selected services, without health checks and scrapes.",
            )
        )
        .with_panel(
            single(
                "Requests that failed",
                share(
                    per_second(f"{HTTP}_count", where=f'{REQUESTS}, code=~"5.."'),
                    per_second(f"{HTTP}_count", where=REQUESTS),
                ),
                "percentunit",
                "Share of requests answered with 5xx.",
                limits=(0.001, 0.01),
            )
        )
        .with_panel(
            single("Response time, p99", quantile(0.99, HTTP, REQUESTS), "s", "Of all routes.", limits=(0.25, 1))
        )
        .with_panel(alerts("jvm|http|machine"))
        .with_row(row("Memory"))
        .with_panel(
            graph(
                "Heap",
                {
                    f"{INSTANCE} used": total("jvm_memory_used_bytes", BY_INSTANCE, HEAP),
                    f"{INSTANCE} maximum": total("jvm_memory_max_bytes", BY_INSTANCE, HEAP) + " > 0",
                },
                "bytes",
                "Rises until a collection.",
            )
        )
        .with_panel(
            graph(
                "Heap after a collection",
                {INSTANCE: highest("jvm_memory_usage_after_gc", BY_INSTANCE, f'{SERVICE}, pool="long-lived"')},
                "percentunit",
                "Share of the heap that a collection could not free. JvmHeapFull fires from 90 % on.",
            )
        )
        .with_panel(
            graph(
                "Garbage collection",
                {
                    f"{INSTANCE} share of CPU": highest("jvm_gc_overhead", BY_INSTANCE, SERVICE),
                    f"{INSTANCE} paused": per_second("jvm_gc_pause_seconds_sum", BY_INSTANCE, SERVICE),
                },
                "percentunit",
                "JvmGarbageCollection fires from 10 % of the CPU time on.",
            )
        )
        .with_row(row("Processes"))
        .with_panel(
            graph(
                "CPU",
                {
                    INSTANCE: highest("process_cpu_usage", BY_INSTANCE, SERVICE),
                    "machine": highest("system_cpu_usage", where=SERVICE),
                },
                "percentunit",
                "Share of all cores.",
            )
        )
        .with_panel(
            graph(
                "Event loops",
                {
                    f"{INSTANCE} latest": highest("lockstep_event_loop_lag_seconds_max", BY_INSTANCE, SERVICE),
                    f"{INSTANCE} blocked": highest("lockstep_event_loop_blocked_seconds", BY_INSTANCE, SERVICE),
                },
                "s",
                "How late an event loop ran a timer in the last minutes, and how long one has been blocked.",
            )
        )
        .with_panel(
            graph(
                "Threads and files",
                {
                    f"{INSTANCE} threads": highest("jvm_threads_live_threads", BY_INSTANCE, SERVICE),
                    f"{INSTANCE} files": highest("process_files_open_files", BY_INSTANCE, SERVICE),
                },
                "short",
                "FileDescriptorsExhausted fires from 80 % of the files that a process may open.",
            )
        )
        .with_panel(
            graph(
                "Uptime",
                {INSTANCE: highest("process_uptime_seconds", BY_INSTANCE, SERVICE)},
                "s",
                "Falls to 0 at a restart.",
            )
        )
        .with_panel(
            graph(
                "Targets up",
                {"{{job}}": total("up", by="job")},
                "short",
                "Instances that Prometheus can scrape.",
            )
        )
        .with_panel(
            graph(
                "HTTP connections",
                {
                    f"{INSTANCE} open": highest("lockstep_http_connections_open", BY_INSTANCE, SERVICE),
                    f"{INSTANCE} refused": added("lockstep_http_connections_refused_total", BY_INSTANCE, SERVICE),
                },
                "short",
                "At HTTP_MAX_CONNECTIONS, an idle connection is closed for each new one.",
            )
        )
        .with_panel(
            graph(
                "Requests by route",
                {
                    "{{service}} {{method}} {{route}} {{code}}": per_second(
                        f"{HTTP}_count", by="service, method, route, code", where=REQUESTS
                    )
                },
                "reqps",
                "Without health checks and scrapes.",
                width=12,
            )
        )
        .with_panel(
            graph(
                "Database connections",
                {
                    "{{service}} {{pool_name}} in use": total("vertx_pool_in_use", "service, pool_name", SQL_POOL),
                    "{{service}} {{pool_name}} waiting": total(
                        "vertx_pool_queue_pending", "service, pool_name", SQL_POOL
                    ),
                },
                "short",
                "Connections in use of each pool, and requests that wait for one.",
                width=12,
            )
        )
    )
