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
  if [ -n "${PROMTOOL-}" ]; then
    promtool=$(command -v "$PROMTOOL") || fail "PROMTOOL must be the file of promtool, but was \"$PROMTOOL\", which is no program"
    return
  fi
  promtool=$(command -v promtool || printf '%s' "$unpacked/usr/bin/promtool")
  if [ ! -x "$promtool" ] && ! (unpack_prometheus "$unpacked") >"$unpacked.log" 2>&1; then
    sed 's/^/  /' "$unpacked.log" >&2
    fail "promtool is needed, and the package prometheus of Debian or Ubuntu could not be unpacked: the reason is above. promtool is part of \
Prometheus (https://prometheus.io/download): put it on the path, or set PROMTOOL to its file"
  fi
}

# Unpacks the package of Debian or Ubuntu. A fresh machine has no list of packages. The folder appears only once it is complete. The caller
# runs this as a condition, where bash ignores errexit, so each command is followed by &&.
unpack_prometheus() {
  rm -rf "$1" "$1.new" && mkdir -p "$1.new" && cd "$1.new" &&
    { apt-get download prometheus || { apt-get update && apt-get download prometheus; }; } &&
    dpkg-deb --extract prometheus_*.deb . && rm prometheus_*.deb &&
    { [ -x usr/bin/promtool ] || { printf 'the package contains no usr/bin/promtool\n' && false; }; } &&
    mv "$1.new" "$1"
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
