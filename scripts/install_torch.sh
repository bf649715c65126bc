#!/bin/sh
# Install torch for the tests of driftglass.integrations: install_torch.sh PIP VERSION
#
# torch is not in the locked requirements, because what a platform should get differs. On Linux the
# wheel on PyPI brings gigabytes for NVIDIA cards, which no test needs; the CPU build is a tenth of it
# and is tried first: from where pip looks anyway, then from PyTorch's own index. Elsewhere the wheel
# on PyPI is the CPU build.
set -eu
pip=$1
version=$2
cpu_index=https://download.pytorch.org/whl/cpu

installed=$("$pip" show torch 2>/dev/null | sed -n 's/^Version: \([0-9.]*\).*/\1/p')
[ "$installed" = "$version" ] && exit 0
if [ "$(uname -s)" = Linux ]; then
  "$pip" install -qq "torch==$version+cpu" 2>/dev/null && exit 0
  "$pip" install -qq --retries 0 --timeout 15 --extra-index-url "$cpu_index" \
    "torch==$version+cpu" 2>/dev/null && exit 0
  echo "driftglass: no CPU build of torch found; installing the large one" >&2
fi
"$pip" install -qq "torch==$version"
