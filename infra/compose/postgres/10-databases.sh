#!/usr/bin/env bash
# Runs once, on an empty volume. Creates a database and a role for each service, with the rights in docs/settings.md, and the roles of the
# auditor and of the exporter, which only read.
set -euo pipefail

# The password goes through the environment: arguments are visible to other processes.
sql() {
  psql --no-psqlrc --quiet -v ON_ERROR_STOP=1 -U "${POSTGRES_USER:-postgres}" -d postgres -v name="$1"
}

service() {
  PASSWORD=$2 sql "$1" <<'SQL'
\getenv password PASSWORD
CREATE ROLE :"name" LOGIN REPLICATION PASSWORD :'password';
CREATE DATABASE :"name";
REVOKE ALL ON DATABASE :"name" FROM PUBLIC;
GRANT CONNECT, CREATE ON DATABASE :"name" TO :"name";
GRANT CONNECT ON DATABASE :"name" TO lockstep_audit;
\connect :"name"
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE, CREATE ON SCHEMA public TO :"name";
SQL
}

reader() {
  PASSWORD=$3 sql "$1" <<SQL
\getenv password PASSWORD
CREATE ROLE :"name" LOGIN PASSWORD :'password' IN ROLE $2;
SQL
}

reader lockstep_audit pg_read_all_data "$AUDIT_PASSWORD"
reader lockstep_exporter pg_monitor "$EXPORTER_PASSWORD"
service orders "$ORDERS_PASSWORD"
service inventory "$INVENTORY_PASSWORD"
service payments "$PAYMENTS_PASSWORD"
service sagas "$SAGAS_PASSWORD"
