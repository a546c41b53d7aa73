# shellcheck shell=bash
# The commands that the runbooks use, for the Compose stack:
#   . monitoring/runbooks/compose.sh
# For another platform, define the same names.

compose_folder=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../infra/compose" && pwd)

compose() { docker compose --project-directory "$compose_folder" "$@"; }

# container order  ->  order-verticle; other names stay as they are
container() {
  case $1 in
  order | inventory | payment | saga) printf '%s-verticle' "$1" ;;
  *) printf '%s' "$1" ;;
  esac
}

address() {
  case $1 in
  order) printf 'http://localhost:%s' "${ORDER_HTTP_PORT:-8080}" ;;
  inventory) printf 'http://localhost:%s' "${INVENTORY_HTTP_PORT:-8081}" ;;
  payment) printf 'http://localhost:%s' "${PAYMENT_HTTP_PORT:-8082}" ;;
  saga) printf 'http://localhost:%s' "${SAGA_HTTP_PORT:-8083}" ;;
  *) printf '%s is no service: order, inventory, payment or saga\n' "$1" >&2 && return 2 ;;
  esac
}

# get order /health/ready
get() { curl -sS "$(address "$1")$2" && echo; }

# post order /outbox/resend '{"key":"..."}'
post() { curl -sS -X POST -H 'Content-Type: application/json' -d "$3" "$(address "$1")$2" && echo; }

# metrics order lockstep_outbox
metrics() { curl -sS "$(address "$1")/metrics" | grep "^$2"; }

# logs order 1h
logs() { compose logs --no-color --since "${2:-15m}" "$(container "$1")"; }

# The state of all containers.
instances() { compose ps --all; }

# restart order
restart() { compose restart "$(container "$1")"; }

# threads order  prints a thread dump of every instance into its log
threads() { compose kill --signal QUIT "$(container "$1")" && logs "$1" 1m; }

# sql orders 'SELECT 1'  as the administrator of Postgres
sql() { compose exec -T postgres psql -U postgres -d "$1" -c "$2"; }

# kafka kafka-topics --list
kafka() { compose exec -T kafka "/opt/kafka/bin/$1.sh" --bootstrap-server kafka:19092 "${@:2}"; }
