#!/usr/bin/env bash
# Install the real registry, its clients and Prometheus, which the integration tests push with and compare against.
# As root it installs without asking; else it says what to install, and those tests are skipped (in CI they fail).
set -euo pipefail
programs=(docker-registry skopeo umoci prometheus) # Debian packages of the same names

missing=()
for program in "${programs[@]}"; do
    command -v "$program" >/dev/null || missing+=("$program")
done
if [ ${#missing[@]} -eq 0 ]; then
    exit 0
fi

if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
    echo "**** NOT INSTALLED: ${missing[*]}" >&2
    echo "**** The tests against the real registry are skipped. To run them: apt-get install ${missing[*]}" >&2
    exit 0
fi

# The packages would start a registry and a Prometheus at once and at every boot; the tests start their own.
services=(docker-registry prometheus)
has_systemd() { [ -d /run/systemd/system ]; }
echo "installing ${missing[*]}" >&2
if has_systemd; then systemctl mask --quiet --runtime "${services[@]}"; fi
apt-get update -qq
DEBIAN_FRONTEND=noninteractive apt-get install -qq --yes --no-install-recommends "${missing[@]}" >/dev/null
if has_systemd; then
    systemctl unmask --quiet --runtime "${services[@]}"
    systemctl disable --quiet "${services[@]}"
fi
