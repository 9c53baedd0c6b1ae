#!/usr/bin/env bash
# Build wheel and sdist into dist/, or into the folder that is named. Two builds of one commit have the same bytes:
# every time in them is the commit's, and .venv has what builds them in the versions of constraints.txt.
set -euo pipefail
cd "$(dirname "$0")/.."
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
export SOURCE_DATE_EPOCH
.uv/bin/uv build --quiet --clear --offline --no-build-isolation --python .venv/bin/python --out-dir "${1:-dist}"
