#!/bin/sh
# Core links without ops: the whole of libabax_core.a resolves against the system's libraries alone, and a planted call
# of an op would be noticed. Arguments: compiler, the archive.
set -eu
compiler=$1 archive=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
echo 'int main() { return 0; }' > "$work/main.cpp"
echo 'namespace abax { void planted_op(); void use() { planted_op(); } }' > "$work/planted.cpp"
links() { "$compiler" "$work/main.cpp" "$@" -Wl,--whole-archive "$archive" -Wl,--no-whole-archive -ltbb -lxxhash -pthread -o "$work/out"; }
links
if links "$work/planted.cpp" 2> "$work/errors"; then
  echo "a planted call of an op was not noticed" >&2
  exit 1
fi
grep -q planted_op "$work/errors"
