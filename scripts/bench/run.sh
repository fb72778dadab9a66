#!/usr/bin/env bash
# Measures dist/cmdop against ssh, tmux, clush and pssh on loopback; see README.md, which names the measures.
# Usage: scripts/bench/run.sh [echo|bulk|exec|beside|fanout|agents|…|reconnect|viewers|arrival|sessions|crowd]…
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
case ${1:-} in -h | --help) sed -n '2,3s/^# //p' "$0"; exit 0 ;; esac

fail() { echo "error: $1" >&2; echo "try: $2" >&2; exit 1; }
[ "$(uname -s)" = Linux ] || fail "the benchmark reads /proc: it runs on Linux only" "run it on Debian 12"
cmdop=${CMDOP_BIN:-$root/dist/cmdop}
[ -x "$cmdop" ] || fail "no binary at $cmdop" "make release"
cmdop=$(realpath "$cmdop")
for peer in python3 ssh clush parallel-ssh tmux /usr/sbin/sshd; do
  command -v "$peer" >/dev/null || { "$root/scripts/bootstrap.sh" bench; break; }
done
# The system's own, if there is one: a version manager's takes its time to start.
python=/usr/bin/python3
[ -x $python ] || python=$(command -v python3) || fail "python3 not found" "install Python 3.9 or newer"

out=${BENCH_OUT:-$root/dist/bench.jsonl}
mkdir -p "$(dirname "$out")"
# Short, because Unix sockets live in it.
work=$(mktemp -d /tmp/cmdop-bench.XXXXXX)
bench=
leave() {
  status=$?
  trap - EXIT INT TERM HUP
  set +e
  if [ -n "$bench" ] && kill -0 "$bench" 2>/dev/null; then
    kill -TERM "$bench"
    wait "$bench"
  fi
  "$python" "$here/processes.py" "$work"
  if [ -n "${BENCH_KEEP:-}" ]; then echo "bench: kept $work" >&2; else rm -rf "$work"; fi
  exit "$status"
}
trap leave EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# All measures: a new table. Some: they replace theirs in the old one.
[ $# -gt 0 ] || rm -f "$out"
export PYTHONDONTWRITEBYTECODE=1
"$python" "$here/bench.py" "$work" "$cmdop" "$out" "$@" &
bench=$!
wait "$bench"
echo "bench: results in $out" >&2
