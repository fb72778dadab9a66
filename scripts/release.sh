#!/usr/bin/env bash
# Builds dist/cmdop: optimised, stripped, with the Swift runtime, SQLite and the QR encoder inside, so that it runs where none is installed.
set -euo pipefail
cd "$(dirname "$0")/.."
build=(swift build -c release --product cmdop)
if [ "$(uname -s)" = Linux ]; then
  # Exclusive access is checked in debug builds, which all tests use; on the way of each byte the checks cost time.
  build+=(--static-swift-stdlib -Xswiftc -enforce-exclusivity=unchecked -Xlinker -s)
  # The linker takes the first library it meets: a folder that holds only the archives makes it take those.
  mkdir -p .build/static
  for library in sqlite3 qrcodegen; do
    archive=$(cc -print-file-name=lib$library.a)
    if [ -f "$archive" ]; then
      ln -sf "$(realpath "$archive")" .build/static/lib$library.a
    else
      echo "release: no lib$library.a here: the binary will need lib$library.so" >&2
    fi
  done
  build+=(-Xlinker "-L$PWD/.build/static")
fi
echo "release: ${build[*]}" >&2
"${build[@]}" >&2
mkdir -p dist
cp -f "$("${build[@]}" --show-bin-path)/cmdop" dist/cmdop.new
mv -f dist/cmdop.new dist/cmdop
echo "release: dist/cmdop, $(($(wc -c < dist/cmdop) / 1048576)) MiB" >&2
