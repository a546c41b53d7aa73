# Waits until no other script builds this folder, and keeps others waiting until file descriptor 9 is closed. Sourced by up and faults/run,
# which set root. Without flock, which Linux has and other systems may not, builds are not kept apart.
mkdir -p "$root/target"
exec 9>"$root/target/build.lock"
if command -v flock >/dev/null && ! flock -n 9; then
  printf 'Waiting for another build of this folder to end\n'
  flock 9
fi
