#!/usr/bin/env bash
# Run some tests with the lowest DuckDB that pyproject.toml allows: those of files, tables, reports and laws.
# It is put beside .venv, not into it, and found first; everything else is as tested otherwise.
set -euo pipefail
cd "$(dirname "$0")/.."
lowest=$(.venv/bin/python - <<'END'
import re, tomllib
[needed] = [line for line in tomllib.load(open("pyproject.toml", "rb"))["project"]["dependencies"] if line.startswith("duckdb")]
version = re.match(r"duckdb>=([\d.]+)", needed)[1]
print(version + ".0" * (2 - version.count(".")))
END
)
folder=.lowest/duckdb-$lowest
if [ ! -e "$folder/duckdb" ]; then
    # shellcheck source=scripts/uv.sh
    source scripts/uv.sh
    "$uv" pip install --quiet --python .venv/bin/python --no-deps --target "$folder" "duckdb==$lowest"
fi
export PYTHONPATH="$PWD/$folder${PYTHONPATH:+:$PYTHONPATH}"
used=$(.venv/bin/python -c 'import duckdb; print(duckdb.__version__)')
if [ "$used" != "$lowest" ]; then
    echo "DuckDB $used is used where $lowest should be" >&2
    exit 1
fi
echo "with DuckDB $lowest" >&2
exec .venv/bin/pytest "$@"
