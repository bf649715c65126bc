#!/bin/sh
# Install the wheel and the base requirements, nothing else, and print the megabytes.
set -e
bin=${1:?usage: scripts/size.sh VENV_BIN}
limit=330
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

"$bin/python" -m venv --without-pip "$scratch/venv"
python="$scratch/venv/bin/python"
"$bin/pip" wheel -qq --no-deps --no-build-isolation -w "$scratch" .
"$bin/pip" --python "$python" install -qq --require-hashes -r requirements/base.txt
"$bin/pip" --python "$python" install -qq --no-deps "$scratch"/driftglass-*.whl

packages=$("$python" -c 'import sysconfig; print(sysconfig.get_path("platlib"))')
du -sm "$packages"/*/ | sort -rn | sed -n '1,8p' | sed "s|$packages/||"
total=$(du -sm "$packages" | cut -f1)
echo "base install: $total MB (limit $limit MB)"
cd "$scratch" && "$scratch/venv/bin/driftglass" --version
[ "$total" -le "$limit" ]
