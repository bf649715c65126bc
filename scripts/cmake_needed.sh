#!/bin/sh
# Succeed if this machine lacks a CMake >= 3.18, so that one must come from PyPI.
version=$(cmake --version 2>/dev/null | sed -n '1s/[^0-9]*\([0-9]*\)\.\([0-9]*\).*/\1 \2/p')
# shellcheck disable=SC2086 # two words are meant
set -- ${version:-0 0}
[ "$1" -lt 3 ] || { [ "$1" -eq 3 ] && [ "$2" -lt 18 ]; }
