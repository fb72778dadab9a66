#!/usr/bin/env bash
# A relay and a machine in throwaway homes, and a terminal through them. Everything ends and vanishes with this script.
# Without a terminal (CI, a pipe) it runs one command instead.
set -euo pipefail
cd "$(dirname "$0")/.."
cmdop=$(swift build --show-bin-path)/cmdop
say() { echo "run: $*" >&2; }

# Nothing of the caller's own cmdop may leak in.
for variable in $(compgen -v CMDOP_ || true); do unset "$variable"; done
# Short, because a Unix socket's path must be.
work=$(mktemp -d /tmp/cmdop-run.XXXXXX)
relay_home=$work/relay
box_home=$work/box
relay_pid=
mkdir -m 700 "$relay_home" "$box_home"

leave() {
  status=$?
  trap - EXIT INT TERM HUP
  set +e
  if [ "$status" != 0 ] && [ -z "${reached:-}" ]; then
    say "it did not come up; the last words of the logs:"
    tail -n 20 "$work"/relay.log "$box_home"/logs/*.log >&2 2>/dev/null
  fi
  say "cleaning up"
  CMDOP_HOME=$box_home "$cmdop" agent stop >/dev/null 2>&1
  # Terminals outlive the daemon; here they end with their keeper.
  [ ! -f "$box_home/keeper.pid" ] || kill -TERM "$(cat "$box_home/keeper.pid")" 2>/dev/null
  if [ -n "$relay_pid" ]; then
    kill -TERM "$relay_pid" 2>/dev/null
    wait "$relay_pid" 2>/dev/null
  fi
  rm -rf "$work"
  exit "$status"
}
trap leave EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# Waits until a command succeeds, at most 30 s.
until_so() {
  local deadline=$((SECONDS + 30))
  until "$@" >/dev/null 2>&1; do
    [ $SECONDS -lt $deadline ] || { say "still not so after 30 s: $*"; return 1; }
    [ -z "$relay_pid" ] || kill -0 "$relay_pid" 2>/dev/null || { say "the relay has ended"; return 1; }
    sleep 0.1
  done
}
relay_up() { CMDOP_HOME=$relay_home "$cmdop" relay status --json | grep -q '"port"'; }
box_online() { CMDOP_HOME=$box_home "$cmdop" machines --online --json | grep -q '"hostname"'; }

say "relay: cmdop relay serve (on 127.0.0.1, a free port, home $relay_home)"
CMDOP_HOME=$relay_home "$cmdop" relay serve --host 127.0.0.1 --port 0 > "$work/relay.log" 2>&1 < /dev/null &
relay_pid=$!
until_so relay_up

say "box:   cmdop join <join-key> && cmdop agent start (home $box_home)"
join_key=$(CMDOP_HOME=$relay_home "$cmdop" relay join-key)
CMDOP_HOME=$box_home "$cmdop" join "$join_key" >&2
CMDOP_HOME=$box_home "$cmdop" agent start >&2
CMDOP_TOKEN=$(CMDOP_HOME=$relay_home "$cmdop" relay token)
export CMDOP_TOKEN
until_so box_online

host=$(uname -n)
reached=yes
if [ -t 0 ] && [ -t 1 ]; then
  say "you:   cmdop connect $host   (leave with: exit, or Enter ~ .)"
  CMDOP_HOME=$box_home "$cmdop" connect "$host"
else
  say "you:   cmdop exec $host -- uname -a   (no terminal here, so one command instead of one)"
  CMDOP_HOME=$box_home "$cmdop" exec "$host" -- uname -a
fi
