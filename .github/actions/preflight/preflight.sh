#!/usr/bin/env bash
# Scan PLACE, put the card and what was found into the job's summary, and end with the first exit code that is not 0:
# 27 a limit is breached, 28 nobody can say, 15 the collection would break something. Nothing is written to PLACE.
set -euo pipefail
inventory=${INVENTORY:-$RUNNER_TEMP/tonnage.duckdb}
echo "inventory=$inventory" >> "$GITHUB_OUTPUT"
code=0

lines() { # TEXT: its lines without blanks around them, into the array `options`; empty ones are left out
    mapfile -t options < <(sed 's/^[[:space:]]*//; s/[[:space:]]*$//; /^$/d' <<< "$1")
}

say() { # TITLE COMMAND…: run it, and put what it prints into the log and the summary; keep the first code that is not 0
    local title=$1 said=0 text
    shift
    text=$("$@" 2>&1) || said=$?
    printf '%s\n\n%s\n\n' "$title" "${text:-all limits hold}"
    printf '### %s\n\n~~~~text\n%s\n~~~~\n\n' "$title" "${text:-all limits hold}" >> "$GITHUB_STEP_SUMMARY"
    if [ "$code" -eq 0 ]; then code=$said; fi
}

lines "$SCAN_OPTIONS"
tonnage scan "$PLACE" --inventory "$inventory" --problems-ok "${options[@]}"
say "What fills it" tonnage --inventory "$inventory"
lines "$LIMITS"
if [ ${#options[@]} -gt 0 ]; then say "Limits" tonnage check --inventory "$inventory" "${options[@]}"; fi
lines "$COLLECTION"
if [ ${#options[@]} -gt 0 ]; then
    say "What a garbage collection would do" tonnage gc --inventory "$inventory" --fail-on-break "${options[@]}"
fi
exit "$code"
