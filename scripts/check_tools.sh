#!/bin/sh
# Say what the first build lacks, all of it at once, before anything is downloaded.
missing=""
need() { missing="$missing
  $1"; }

compiler="${CXX:-}"
for candidate in c++ g++ clang++; do
    [ -n "$compiler" ] || compiler=$(command -v "$candidate" 2>/dev/null)
done
command -v "${compiler:-no-compiler}" >/dev/null 2>&1 ||
    need "a C++17 compiler (Debian, Ubuntu: apt install g++; macOS: xcode-select --install)"

major=$(node --version 2>/dev/null | sed 's/^v\([0-9]*\).*/\1/')
[ "${major:-0}" -ge 20 ] 2>/dev/null ||
    need "Node.js 20 or newer, found ${major:-none} (https://nodejs.org, or your package manager)"
command -v npm >/dev/null 2>&1 || need "npm, which comes with Node.js"

[ -z "$missing" ] && exit 0
printf 'driftglass cannot be built here yet. Missing:%s\n' "$missing" >&2
exit 1
