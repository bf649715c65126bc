#!/bin/sh
# Build the kernels with sanitizers and run their tests: ./scripts/sanitize.sh BIN [SANITIZER]...
# BIN is the environment's folder of programs. "address,undefined" and "thread" by default.
set -eu
bin=$(cd "$1" && pwd)
root=$(cd "$(dirname "$0")/.." && pwd)
shift
[ $# -gt 0 ] || set -- address,undefined thread
compiler=${CXX:-c++}
ran=""

# Everything that calls kernels with arrays of its own, the twins beside them.
tests="tests/test_kernels.py $(cd "$root" && grep -rl _kernels tests --include='test_*.py' |
  grep -v -e tests/test_kernels.py -e tests/cli | sort | tr '\n' ' ')"

runtime_of() { # the library that must be loaded before Python itself is
  name=$("$compiler" -print-file-name="lib$1.so")
  [ "$name" != "lib$1.so" ] && readlink -f "$name" && return
  for arch in "$(uname -m)" ""; do # Clang calls it otherwise
    name=$("$compiler" -print-file-name="libclang_rt.$1${arch:+-$arch}.so")
    case $name in /*) echo "$name" && return ;; esac
  done
  return 1
}

for sanitizer; do
  first=${sanitizer%%,*}
  library=asan
  [ "$first" = thread ] && library=tsan
  [ "$first" = undefined ] && library=ubsan
  if ! preload=$(runtime_of $library); then
    echo "sanitize: $compiler has no lib$library, so nothing can be checked for $sanitizer." >&2
    echo "sanitize: install it (Debian: apt install lib$library-dev or g++), or set CXX." >&2
    exit 1
  fi
  # Python itself is not C++: without the library of exceptions, none could be intercepted.
  exceptions=$("$compiler" -print-file-name=libstdc++.so)
  case $exceptions in /*) preload="$preload $(readlink -f "$exceptions")" ;; esac
  build=$root/build/sanitize-$(echo "$sanitizer" | tr , -)
  echo "sanitize: building for $sanitizer"
  mkdir -p "$root/build"
  PATH="$bin:$PATH" cmake -S "$root" -B "$build" -G Ninja \
    -DCMAKE_BUILD_TYPE=RelWithDebInfo -DPython_EXECUTABLE="$bin/python" \
    -DCMAKE_CXX_COMPILER="$compiler" \
    -Dnanobind_DIR="$("$bin/python" -m nanobind --cmake_dir)" \
    -DCMAKE_CXX_FLAGS="-fsanitize=$sanitizer -fno-sanitize-recover=all -fno-omit-frame-pointer" \
    -DCMAKE_CXX_FLAGS_RELWITHDEBINFO="-O1 -g1" >"$build.log" 2>&1 ||
    { tail -20 "$build.log" >&2; exit 1; }
  PATH="$bin:$PATH" cmake --build "$build" >>"$build.log" 2>&1 ||
    { tail -20 "$build.log" >&2; exit 1; }

  # The package of this clone with these kernels in place of the installed ones.
  rm -rf "$build/package"
  mkdir -p "$build/package"
  cp -r "$root/src/driftglass" "$build/package/"
  rm -f "$build"/package/driftglass/_kernels*.so
  cp "$build"/_kernels*.so "$build/package/driftglass/"
  # An editable install finds itself first, unless it is told not to.
  cat >"$build/package/sitecustomize.py" <<'PYTHON'
import sys

sys.meta_path[:] = [f for f in sys.meta_path if "_editable_" not in type(f).__module__]
PYTHON

  echo "sanitize: running the tests for $sanitizer"
  # Reports go to files: what a test prints is lost when the sanitizer ends the process.
  reports=$build/report
  rm -f "$reports".*
  run() {
    LD_PRELOAD="$preload" PYTHONPATH="$build/package" PYTHONMALLOC=malloc \
      OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1 \
      ASAN_OPTIONS="detect_leaks=0:allocator_may_return_null=1:log_path=$reports" \
      UBSAN_OPTIONS="print_stacktrace=1:log_path=$reports" \
      TSAN_OPTIONS="suppressions=$root/scripts/sanitize_thread.txt:exitcode=66:die_after_fork=0:log_path=$reports" \
      "$bin/python" "$@"
  }
  loaded=$(cd "$root" && run -c "from driftglass import _kernels; print(_kernels.__file__)")
  case $loaded in
  "$build"/*) ;;
  *) echo "sanitize: Python loads $loaded, not what was built" >&2 && exit 1 ;;
  esac
  # Python keeps memory until it ends, and libraries that were not built so say nothing of
  # their locks: neither is about our kernels.
  status=0
  (cd "$root" && run -m pytest -q -p no:cacheprovider --junit-xml="$build/tests.xml" \
    -m "not slow and not external and not gpu" $tests) || status=$?
  for report in "$reports".*; do
    [ -s "$report" ] && cat "$report" >&2
  done
  if [ "$status" -ne 0 ]; then
    echo "sanitize: $sanitizer found something, or a test failed (exit code $status)" >&2
    exit 1
  fi
  ran="$ran$(sed -n 's/.* tests="\([0-9]*\)".*/\1/p' "$build/tests.xml" | head -1) tests for $sanitizer; "
done
echo "sanitize: clean, ${ran%; }"
