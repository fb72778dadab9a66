#!/usr/bin/env bash
# Installs dist/cmdop, the links for its roles and the shell completions. Usage: [DESTDIR=…] scripts/install.sh [PREFIX]
set -euo pipefail
cd "$(dirname "$0")/.."
prefix=${1:-/usr/local}
target=${DESTDIR:-}$prefix
[ -x dist/cmdop ] || { echo "error: dist/cmdop is not there" >&2; echo "try: make release" >&2; exit 1; }

# The nearest folder that exists decides whether root is needed.
nearest=$target
while [ ! -e "$nearest" ]; do nearest=$(dirname "$nearest"); done
root=no
if [ ! -w "$nearest" ]; then
  command -v sudo >/dev/null || {
    echo "error: $nearest is not writable" >&2
    echo "try: make install PREFIX=\$HOME/.local" >&2
    exit 1
  }
  echo "install: $nearest belongs to root: using sudo" >&2
  root=yes
fi

as_needed() { if [ $root = yes ]; then sudo "$@"; else "$@"; fi; }

# Generated before anything is copied, so that a broken binary replaces nothing.
staging=$(mktemp -d)
trap 'rm -rf "$staging"' EXIT
for shell in bash zsh fish; do dist/cmdop completions "$shell" > "$staging/$shell"; done

place() {
  as_needed mkdir -p "$(dirname "$target/$3")"
  as_needed install -m "$1" "$2" "$target/$3"
  echo "install: $target/$3" >&2
}
place 755 dist/cmdop bin/cmdop
for role in relay agent mcp core; do
  as_needed ln -sf cmdop "$target/bin/cmdop-$role"
  echo "install: $target/bin/cmdop-$role -> cmdop" >&2
done
place 644 "$staging/bash" share/bash-completion/completions/cmdop
place 644 "$staging/zsh" share/zsh/site-functions/_cmdop
place 644 "$staging/fish" share/fish/vendor_completions.d/cmdop.fish

case ":$PATH:" in
  *":$prefix/bin:"*) ;;
  *) echo "install: $prefix/bin is not in your PATH" >&2 ;;
esac
