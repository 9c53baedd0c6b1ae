#!/usr/bin/env bash
# Make .venv with tonnage in it, from nothing but Python and its pip:
#   scripts/setup.sh        what `tonnage` needs
#   scripts/setup.sh dev    and what the tests need
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/uv.sh
source scripts/uv.sh

say "installing into .venv"
"$uv" venv --quiet --allow-existing --python "$(command -v "$python")" .venv
"$uv" pip install --quiet --python .venv/bin/python --constraint constraints.txt --editable ".${1:+[$1]}"
