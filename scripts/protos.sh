#!/usr/bin/env bash
# Remakes Sources/Wire/Generated from protos/. The plugins come from the package graph, so they match the runtime.
# With --check: makes them elsewhere and says what differs.
set -euo pipefail
cd "$(dirname "$0")/.."
out=Sources/Wire/Generated
if [ "${1:-}" = --check ]; then
  out=$(mktemp -d)
  trap 'rm -rf "$out"' EXIT
fi
swift build --product protoc-gen-swift >&2
swift build --product protoc-gen-grpc-swift-2 >&2
bin=$(swift build --show-bin-path)
options=Visibility=Public,FileNaming=PathToUnderscores,UseAccessLevelOnImports=true
protoc -I protos \
  --plugin=protoc-gen-swift="$bin/protoc-gen-swift" \
  --plugin=protoc-gen-grpc-swift="$bin/protoc-gen-grpc-swift-2" \
  --swift_out="$out" --swift_opt="$options" \
  --grpc-swift_out="$out" --grpc-swift_opt="$options" \
  cmdop/v1/machine.proto cmdop/v1/relay.proto cmdop/v1/people.proto cmdop/v1/events.proto
# AgentLink and Machine are served as streams of frames; only the typed calls use grpc-swift's generated code.
rm -f "$out"/cmdop_v1_machine.grpc.swift
if [ "${1:-}" = --check ]; then
  diff -r "$out" Sources/Wire/Generated || { echo "error: generated code is stale; run: make protos" >&2; exit 1; }
  echo "protos: generated code is fresh" >&2
fi
