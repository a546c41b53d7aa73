# shellcheck shell=bash
# The programs that check, generate and render need. They set `monitoring` to the folder of this part of the project and source this file.

mkdir -p "$monitoring/target"
venv=$monitoring/target/venv

fail() {
  printf '%s\n' "$1" >&2
  exit 1
}

# Sets `promtool`: to PROMTOOL, or to the one on the path, or to one that is unpacked into monitoring/target, which needs no root.
find_promtool() {
  local unpacked=$monitoring/target/prometheus
  promtool=$(command -v "${PROMTOOL:-promtool}" || printf '%s' "$unpacked/usr/bin/promtool")
  [ -x "$promtool" ] || [ -n "${PROMTOOL-}" ] || (unpack_prometheus "$unpacked") >"$unpacked.log" 2>&1 || true
  [ -x "$promtool" ] ||
    fail "promtool is needed: it is part of Prometheus (https://prometheus.io/download). Put it on the path, or set PROMTOOL to its file"
}

# Unpacks the package of Debian or Ubuntu. A fresh machine has no list of packages.
unpack_prometheus() {
  mkdir -p "$1" && cd "$1" &&
    { apt-get download prometheus || { apt-get update && apt-get download prometheus; }; } &&
    dpkg-deb --extract prometheus_*.deb . && rm prometheus_*.deb
}

# install_python requirements.txt ...  installs what these files list into monitoring/target
install_python() {
  local file stamp=$venv/installed
  python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    fail "Python 3.11 or later is needed: install it, or put its python3 on the path"
  # A virtual environment ends with the Python that it was created with.
  if [ ! -x "$venv/bin/python" ]; then
    rm -rf "$venv"
    python3 -m venv "$venv" || fail "Python cannot create a virtual environment: install python3-venv"
  fi
  for file in "$@"; do
    if ! cmp -s "$monitoring/$file" "$stamp.$file"; then
      python -m pip install --quiet --disable-pip-version-check -r "$monitoring/$file" ||
        fail "pip cannot install $file; see its message above"
      cp "$monitoring/$file" "$stamp.$file"
    fi
  done
}

python() {
  PYTHONPATH=$monitoring/tools PYTHONDONTWRITEBYTECODE=1 "$venv/bin/python" "$@"
}
