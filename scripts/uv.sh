# shellcheck shell=bash
# Sourced by scripts that install something: makes sure of .uv/bin/uv, and sets $python and $uv. The folder is the clone's.
python=${PYTHON:-python3}
uv=.uv/bin/uv

say() { echo "setup: $*" >&2; }

if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    say "needs Python 3.11 or later as \`$python\`; another one: make PYTHON=python3.12 …"
    exit 1
fi

# A Debian Python may lack venv and takes no packages from pip (PEP 668). A folder of its own for uv needs neither.
if [ ! -x "$uv" ]; then
    if ! "$python" -m pip --version >/dev/null 2>&1; then
        say "needs pip for \`$python\`: apt-get install python3-pip"
        exit 1
    fi
    say "fetching uv"
    "$python" -m pip install --quiet --disable-pip-version-check --root-user-action=ignore \
        --target .uv --constraint constraints.txt uv
fi

# uv knows nothing of pip's settings: an index of one's own, the certificates of this machine.
if index=$("$python" -m pip config get global.index-url 2>/dev/null); then
    export UV_DEFAULT_INDEX="${UV_DEFAULT_INDEX:-$index}"
fi
export UV_SYSTEM_CERTS=1
