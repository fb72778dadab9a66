#!/usr/bin/env bash
# Builds dist/cmdop: optimised, stripped, with the Swift runtime and SQLite inside, so that it runs where neither is installed.
set -euo pipefail
cd "$(dirname "$0")/.."
build=(swift build -c release --product cmdop)
if [ "$(uname -s)" = Linux ]; then
  # Exclusive access is checked in debug builds, which all tests use; on the way of each byte the checks cost time.
  build+=(--static-swift-stdlib -Xswiftc -enforce-exclusivity=unchecked -Xlinker -s)
  # The linker takes the first library it meets: a folder that holds only the archive makes it take that.
  archive=$(cc -print-file-name=libsqlite3.a)
  if [ -f "$archive" ]; then
    mkdir -p .build/static
    ln -sf "$(realpath "$archive")" .build/static/libsqlite3.a
    build+=(-Xlinker "-L$PWD/.build/static")
  else
    echo "release: no libsqlite3.a here: the binary will need libsqlite3.so.0" >&2
  fi
fi
echo "release: ${build[*]}" >&2
"${build[@]}" >&2
mkdir -p dist
cp -f "$("${build[@]}" --show-bin-path)/cmdop" dist/cmdop.new
mv -f dist/cmdop.new dist/cmdop
echo "release: dist/cmdop, $(($(wc -c < dist/cmdop) / 1048576)) MiB" >&2
