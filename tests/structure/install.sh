#!/bin/sh
# What `meson install` brings serves a user: a program that includes every installed header compiles, links against
# libabax and libabax-data through pkg-config alone, and runs. Arguments: compiler, build folder, source folder.
set -eu
compiler=$1 build=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
meson install -C "$build" --no-rebuild --quiet --destdir "$work/root" > "$work/log" 2>&1 || { cat "$work/log"; exit 1; }
pc=$(find "$work/root" -name abax.pc)
library=abax
[ ! -f "$(dirname "$pc")/abax-data.pc" ] || library=abax-data
prefix=$(sed -n 's/^prefix=//p' "$pc")
headers=$(find "$work/root" -path '*/include/abax/*' -name '*.h')
[ "$(echo "$headers" | wc -l)" -gt 20 ]
{
  echo "$headers" | sed 's|.*/include/abax/\(.*\)|#include "\1"|'
  echo 'int main() { return abax::version().empty() || abax::Tensor({2, 3}).size() != 6 || abax::available_cpus() < 1; }'
} > "$work/user.cpp"
cd "$work"  # away from the source tree
if [ -x "$build/tools/train" ]; then "$(find "$work/root" -name abax-train)" --version; fi
if [ "$library" = abax-data ]; then
  readme=$3/tests/readme/generate.cpp
else
  readme=$3/tests/readme/train_own_model.cpp
fi
flags=$(PKG_CONFIG_PATH=$(dirname "$pc") pkg-config --define-variable=prefix="$work/root$prefix" --cflags --libs "$library")
"$compiler" -Wall -Wextra -Wpedantic -Werror user.cpp $flags -o user
./user
"$compiler" "$readme" $flags -o readme  # a program of the README, by the installed library alone
