#!/usr/bin/env bash
# Install the command `tonnage` for the user who calls this, from the clone, in an environment of its own:
#   scripts/install.sh               the command, its manual page, and completion in bash, zsh and fish
#   scripts/install.sh plan,postgresql    with extras of pyproject.toml
# Called again, it replaces all of them.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/uv.sh
source scripts/uv.sh

"$uv" tool install --quiet --compile-bytecode --force --reinstall-package tonnage --python "$(command -v "$python")" \
    --constraints constraints.txt ".${1:+[$1]}"
tonnage=$("$uv" tool dir --bin)/tonnage

for shell in bash zsh fish; do
    "$tonnage" completion "$shell" --install
done
install -D -m 644 docs/man/tonnage.1 "$HOME/.local/share/man/man1/tonnage.1"

say "installed: $tonnage"
if ! command -v tonnage >/dev/null; then
    say "it is not on the PATH yet: export PATH=\"$(dirname "$tonnage"):\$PATH\""
fi
