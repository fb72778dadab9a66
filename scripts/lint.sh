#!/usr/bin/env bash
# Holds every file that people write against .swift-format. Generated code is excepted. With --fix: formats instead.
set -euo pipefail
cd "$(dirname "$0")/.."
action=(lint --strict)
[ "${1:-}" != --fix ] || action=(format --in-place)
find Package.swift Sources Tests -name '*.swift' -not -path '*/Generated/*' -print0 \
  | xargs -0 swift format "${action[@]}" --parallel --configuration .swift-format
echo "lint: format is clean" >&2
