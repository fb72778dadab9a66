#!/usr/bin/env bash
# Runs `swift test` with the given options. When something fails, what failed is said again at the end: in the output of hundreds
# of tests at once nobody finds it.
set -uo pipefail
cd "$(dirname "$0")/.."
log=$(mktemp "${TMPDIR:-/tmp}/cmdop-test.XXXXXX")
trap 'rm -f "$log"' EXIT
swift test "$@" 2>&1 | tee "$log"
status=${PIPESTATUS[0]}
if [ "$status" != 0 ]; then
  echo "what failed:"
  # The first lines of each issue; the logs of the processes stand above.
  grep -aE -A3 'recorded an issue|error: ' "$log" | cut -c1-600 | tail -n 120
  grep -aE '^✘ Test run' "$log"
fi
exit "$status"
