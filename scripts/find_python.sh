#!/bin/sh
# Print a Python >= 3.11 that can make virtual environments, or say what is missing.
# DRIFTGLASS_PYTHON names one to prefer.
for candidate in "${DRIFTGLASS_PYTHON:-}" python3 python python3.13 python3.12 python3.11 python3.14; do
    [ -n "$candidate" ] || continue
    path=$(command -v "$candidate" 2>/dev/null) || continue
    # Debian splits ensurepip off into python3-venv, without which venv fails half-way.
    "$path" -c 'import sys, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue
    echo "$path"
    exit 0
done
cat >&2 <<'MESSAGE'
driftglass needs Python 3.11 or newer with its venv module, and found none on the PATH.
Install one (Debian, Ubuntu: apt install python3 python3-venv; macOS: brew install python)
or name it: make demo DRIFTGLASS_PYTHON=/path/to/python3
MESSAGE
exit 1
