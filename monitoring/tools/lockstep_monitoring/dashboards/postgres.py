"""Postgres: replication slots, transactions, connections and disks."""

from grafana_foundation_sdk.builders.dashboard import Dashboard

from lockstep_monitoring.dashboards.panels import alerts, choice, graph, new_dashboard, row, single
from lockstep_monitoring.dashboards.promql import added, highest, lowest, per_second, share, total

DATABASE = 'datname=~"$database"'
DATABASES = 'pg_stat_database_xact_commit{datname!~"template.*"}'
COMMITS, ROLLBACKS = "pg_stat_database_xact_commit", "pg_stat_database_xact_rollback"
DISK = 'fstype!~"tmpfs|overlay|squashfs|ramfs|iso9660|erofs"'


def dashboard() -> Dashboard:
    return (
        new_dashboard("Postgres and slots", "postgres", "Replication slots and the WAL that they retain; the server.")
        .with_variable(choice("database", "Database", f"label_values({DATABASES}, datname)"))
        .with_panel(
            single(
                "Transactions",
                per_second(COMMITS, where=DATABASE),
                "ops",
                "Transactions that committed.",
            )
        )
        .with_panel(
            single(
                "Rolled back",
                share(
                    per_second(ROLLBACKS, where=DATABASE),
                    f"{per_second(COMMITS, where=DATABASE)} + {per_second(ROLLBACKS, where=DATABASE)}",
                ),
                "percentunit",
                "Share of transactions that were rolled back.",
                limits=(0.02, 0.1),
            )
        )
        .with_panel(
            single(
                "Longest transaction",
                highest("pg_stat_activity_max_tx_duration", where=DATABASE),
                "s",
                "A transaction of a service ends within 5 minutes.",
                limits=(60, 600),
            )
        )
        .with_panel(alerts("postgres|machine"))
        .with_row(row("Replication slots"))
        .with_panel(
            graph(
                "WAL retained",
                {
                    "{{slot}}": highest("lockstep_slot_retained_bytes", by="slot"),
                    "{{slot_name}}, by the exporter": highest("pg_replication_slots_pg_wal_lsn_diff", by="slot_name"),
                },
                "bytes",
                "WAL that Postgres keeps for a slot. Up to max_wal_size is kept in any case.",
            )
        )
        .with_panel(
            graph(
                "Without a reader",
                {"{{slot}}": highest("lockstep_slot_inactive_seconds", by="slot")},
                "s",
                "How long no relay has read from the slot.",
            )
        )
        .with_panel(
            graph(
                "WAL left until the slot is lost",
                {"{{slot}}": lowest("lockstep_slot_safe_bytes", by="slot")},
                "bytes",
                "Empty if max_slot_wal_keep_size is not set.",
            )
        )
        .with_panel(
            graph(
                "Alert level",
                {"{{slot}}": highest("lockstep_slot_step", by="slot")},
                "short",
                "0 none, 1 warning, 2 new orders are refused, 3 the slot is lost.",
            )
        )
        .with_panel(
            graph(
                "WAL status",
                {"{{slot}} {{status}}": highest("lockstep_slot_wal_status", by="slot, status") + " == 1"},
                "short",
                "The one of reserved, extended, unreserved and lost that a slot has.",
            )
        )
        .with_panel(
            graph(
                "Readers",
                {"{{slot_name}}": highest("pg_replication_slots_active", by="slot_name")},
                "short",
                "1 while a relay reads the slot. By the exporter, so also while the service is down.",
            )
        )
        .with_row(row("Server"))
        .with_panel(
            graph(
                "Transactions",
                {"{{datname}}": per_second(COMMITS, by="datname", where=DATABASE)},
                "ops",
                "Transactions that committed, by database.",
            )
        )
        .with_panel(
            graph(
                "Connections",
                {
                    "{{datname}} {{state}}": total("pg_stat_activity_count", "datname, state", DATABASE) + " > 0",
                    "max_connections": highest("pg_settings_max_connections"),
                },
                "short",
                "PostgresConnectionsExhausted fires from 85 % of max_connections on.",
            )
        )
        .with_panel(
            graph(
                "Rows written",
                {
                    "inserted": per_second("pg_stat_database_tup_inserted", where=DATABASE),
                    "updated": per_second("pg_stat_database_tup_updated", where=DATABASE),
                    "deleted": per_second("pg_stat_database_tup_deleted", where=DATABASE),
                },
                "ops",
                "In the selected databases.",
            )
        )
        .with_panel(
            graph(
                "Size",
                {"{{datname}}": highest("pg_database_size_bytes", by="datname", where=DATABASE)},
                "bytes",
                "Size of the databases, without WAL.",
                stacked=True,
            )
        )
        .with_panel(
            graph(
                "Deadlocks",
                {"{{datname}}": added("pg_stat_database_deadlocks", by="datname", where=DATABASE)},
                "short",
                "Empty in normal operation. Postgres ends one of the transactions, and its messages are tried again.",
            )
        )
        .with_panel(
            graph(
                "Disk space left",
                {"{{instance}} {{mountpoint}}": f"node_filesystem_avail_bytes{{{DISK}}} / node_filesystem_size_bytes"},
                "percentunit",
                "DiskFull fires below 5 %, or if the disk will be full within 4 hours.",
            )
        )
    )
