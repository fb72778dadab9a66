#!/usr/bin/env bash
# Installs what a make target lacks, on Debian and Ubuntu. What is there stays untouched, and then no network is used.
# Usage: scripts/bootstrap.sh swift|build|protos|python|mcp|browser|shell|bench …
set -euo pipefail
cd "$(dirname "$0")/.."

swift_at_least=6.2
install_page=https://www.swift.org/install

say() { echo "bootstrap: $*" >&2; }
fail() { echo "error: $1" >&2; shift; for hint in "$@"; do echo "try: $hint" >&2; done; exit 1; }

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"
  elif command -v sudo >/dev/null; then sudo "$@"
  else fail "need root for: $*" "run it as root, then make again"
  fi
}

# Packages of Debian and Ubuntu; on other systems the caller checks for the commands it needs.
packages() {
  if ! command -v apt-get >/dev/null; then say "not Debian or Ubuntu: please have these yourself: $*"; return; fi
  local missing=() package
  for package in "$@"; do
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  say "installing ${missing[*]}"
  local apt=(env DEBIAN_FRONTEND=noninteractive apt-get -o Dpkg::Use-Pty=0 -qq)
  as_root "${apt[@]}" update >&2
  as_root "${apt[@]}" install -y --no-install-recommends "${missing[@]}" >&2
}

need_swift() {
  local version get="get Swift $swift_at_least or newer at $install_page, then run make again"
  command -v swift >/dev/null || fail "no Swift toolchain found: $get"
  version=$(swift --version 2>/dev/null | sed -nE 's/.*Swift version ([0-9]+(\.[0-9]+)*).*/\1/p' | head -n 1)
  [ "$(printf '%s\n' "$swift_at_least" "$version" | sort -V | head -n 1)" = "$swift_at_least" ] \
    || fail "swift is version ${version:-unknown}: $get"
}

# SQLite's headers for the store, QR codes for signing in, a C++ library to link against, git for SwiftPM.
need_build() {
  need_swift
  case $(uname -s) in
    Darwin)
      xcode-select -p >/dev/null 2>&1 || fail "no developer tools found" "xcode-select --install"
      say "please have libqrcodegen yourself: https://github.com/nayuki/QR-Code-generator, folder c, headers in qrcodegen/" ;;
    *) packages ca-certificates git libc6-dev g++ libqrcodegen-dev libsqlite3-dev ;;
  esac
}

need_protos() {
  command -v protoc >/dev/null || packages protobuf-compiler
  command -v protoc >/dev/null || fail "protoc not found" "install protobuf (macOS: brew install protobuf)"
}

# A Python with gRPC, for the test in which a foreign client opens a terminal, and with fakellm, a model server that is not
# ours. Lives in .venv, touches nothing else.
# openssl makes the certificate of the test that brings its own.
need_python() {
  local python=.venv/bin/python
  command -v openssl >/dev/null || packages openssl
  ! "$python" -c 'import grpc, grpc_tools, fakellm' 2>/dev/null || return 0
  command -v apt-get >/dev/null && packages python3 python3-venv
  command -v python3 >/dev/null || fail "python3 not found" "install Python 3.10 or newer"
  say "making .venv with grpcio, grpcio-tools and fakellm"
  rm -rf .venv
  python3 -m venv .venv
  "$python" -m pip install --quiet --disable-pip-version-check \
    'grpcio>=1.60,<2' 'grpcio-tools>=1.60,<2' 'fakellm>=0.3.5,<0.4' >&2
}

# Foreign MCP clients of two generations, each in an environment of its own below .build, for the tests of our server.
need_mcp() {
  client_environment mcp2 'mcp==2.3.0' 'fastmcp==4.1.2'
  client_environment mcp1 'mcp==1.30.0' 'fastmcp==2.14.7'
}

# NAME PACKAGE==VERSION …: made once, and again when other versions are asked for.
client_environment() {
  local place=.build/venvs/$1 wanted
  shift
  wanted="$* jsonschema"
  [ "$(cat "$place/has" 2>/dev/null)" != "$wanted" ] || return 0
  command -v apt-get >/dev/null && packages python3 python3-venv
  command -v python3 >/dev/null || fail "python3 not found" "install Python 3.10 or newer"
  say "making $place with $*"
  rm -rf "$place"
  mkdir -p .build/venvs
  python3 -m venv "$place"
  "$place/bin/python" -m pip install --quiet --disable-pip-version-check "$@" jsonschema >&2
  echo "$wanted" > "$place/has"
}

# A browser and its driver, for the test in which a person approves a device on the relay's pages.
need_browser() {
  command -v chromedriver >/dev/null || packages chromium chromium-driver
  command -v chromedriver >/dev/null || fail "chromedriver not found" "install Chromium and its driver"
}

# Another parser of the shell's grammar, as a second opinion; git and perl, so that attacks on the gate can be shown to work.
need_shell() {
  command -v shfmt >/dev/null && command -v git >/dev/null && command -v perl >/dev/null || packages shfmt git perl curl
  command -v shfmt >/dev/null || fail "shfmt not found" "install shfmt (macOS: brew install shfmt)"
}

# The programs that cmdop is measured against. sshd is started by the benchmark itself, on a port of its own.
need_bench() {
  command -v apt-get >/dev/null || { say "the peers are Debian packages: without apt only cmdop is measured"; return; }
  local had_sshd=yes
  [ -x /usr/sbin/sshd ] || had_sshd=no
  packages clustershell openssh-client openssh-server pssh python3 tmate tmux
  if [ $had_sshd = no ] && [ -d /run/systemd/system ]; then
    say "openssh-server is new here: its system service is switched off, the benchmark needs only the program"
    as_root systemctl disable --now ssh >&2
  fi
}

[ $# -gt 0 ] || fail "nothing asked for" "scripts/bootstrap.sh build"
for what in "$@"; do
  case $what in
    swift) need_swift ;;
    build) need_build ;;
    protos) need_protos ;;
    python) need_python ;;
    mcp) need_mcp ;;
    browser) need_browser ;;
    shell) need_shell ;;
    bench) need_bench ;;
    *) fail "unknown word: $what" "scripts/bootstrap.sh build" ;;
  esac
done
