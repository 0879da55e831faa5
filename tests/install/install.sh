#!/bin/sh
# What `meson install` brings serves a user, g++'s or clang++'s, with pkg-config or CMake: the programs of the README compile,
# link and run by it alone, and so does one that includes every header beside names of its own. The headers' examples compile.
# Arguments: the compiler that built the library, build folder, source folder.
set -eu
compiler=$1 build=$2 source=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
meson install -C "$build" --no-rebuild --quiet --destdir "$work/root" > "$work/log" 2>&1 || { cat "$work/log"; exit 1; }
pc=$(dirname "$(find "$work/root" -name abax.pc)")
prefix=$work/root$(sed -n 's/^prefix=//p' "$pc/abax.pc")
include=$prefix/include
package() { PKG_CONFIG_PATH=$pc pkg-config --define-variable=prefix="$prefix" "$@"; }
# Runs a command silently, but for its words where it fails.
quiet() { "$@" > "$work/log" 2>&1 || { echo "failed: $*"; cat "$work/log"; exit 1; }; }

# All headers lie below abax/ and say so in their includes.
[ "$(ls "$include")" = abax ]
headers=$(cd "$include" && find abax -name '*.h' | sort)
[ "$(echo "$headers" | wc -l)" -gt 20 ]
! grep -rnE '#include "(core|ops|models)/' "$include" || { echo 'includes without abax/'; exit 1; }
case $(package --cflags abax) in *-std*) echo 'a language standard in pkg-config'; exit 1 ;; esac
case $(package --libs abax) in *png* | *sentencepiece* | *'-lz '*) echo 'libabax needs no files'; exit 1 ;; esac

cd "$work" # away from the source tree
# Those of SIMD registers serve kernel sources alone.
echo "$headers" | grep -vE 'simd|tile_kernels' | sed 's/.*/#include "&"/' > everything.h
# Headers of a program's own under paths of ours, which must not come in the way.
mkdir -p own/core/base own/core/graph && echo '#error not this one' | tee own/core/base/error.h > own/core/graph/graph.h

python3 "$source/tests/install/examples" "$include" > examples.cpp

library=abax
[ ! -f "$pc/abax-data.pc" ] || library=abax-data
compilers=$compiler
for other in g++ clang++; do
  command -v $other > /dev/null || { echo "no $other here: not tried"; continue; }
  case " $compilers " in *" $other "*) ;; *) compilers="$compilers $other" ;; esac
done

# build COMPILER SOURCE PROGRAM: as a user does it with pkg-config.
build() {
  quiet "$1" -std=c++20 -Wall -Wextra -Wpedantic -Werror -Iown -I. "$2" $(package --cflags --libs $library) -o "$3"
}
# own_op COMPILER: an op of a user's own, its kernels compiled once a level.
own_op() {
  for level in sse2 avx2 avx512; do
    quiet "$1" -std=c++20 -Wall -Wextra -Wpedantic -Werror $(package --cflags abax) -DABAX_LEVEL=$level \
      $(package --variable=kernel_flags abax) $(package --variable=${level}_flags abax) \
      -c "$source/tests/readme/own_op/kernels.cpp" -o kernels_$level.o
    ar rc kernels_$level.a kernels_$level.o
  done
  quiet "$source/tests/structure/kernel_symbols" nm sse2=kernels_sse2.a avx2=kernels_avx2.a avx512=kernels_avx512.a
  quiet "$1" -std=c++20 -O2 -Wall -Wextra -Wpedantic -Werror "$source/tests/readme/own_op/main.cpp" "$source/tests/readme/own_op/swiglu.cpp" kernels_*.o \
    $(package --cflags --libs abax) -o own_op
  ABAX_SIMD=sse2 ./own_op > said || { cat said; exit 1; }
  grep -q '^sse2, 4 floats' said || { echo 'ABAX_SIMD does not choose the kernels'; cat said; exit 1; }
  quiet ./own_op
}
[ ! -x "$build/tools/train" ] || quiet "$prefix/bin/abax-train" --steps 30 --out run
for compiler in $compilers; do
  # An older standard is named before all that follows from it.
  echo '#include <abax/abax.h>' > old.cpp
  "$compiler" -std=c++17 -fsyntax-only $(package --cflags $library) old.cpp > said 2>&1 && { echo 'C++17 compiles'; exit 1; }
  grep error: said | sed -n 1p | grep -q 'Abax needs C++20' || { echo 'C++17 is not named'; cat said; exit 1; }
  build "$compiler" "$source/tests/install/everything.cpp" everything
  quiet ./everything
  build "$compiler" "$source/tests/readme/train.cpp" train
  quiet ./train
  own_op "$compiler"
  if [ $library = abax-data ]; then
    # The examples of the headers: only whether they compile.
    quiet "$compiler" -std=c++20 -fsyntax-only -w -I. -I"$source/tests/install" $(package --cflags $library) examples.cpp
    build "$compiler" "$source/tests/readme/generate.cpp" generate
    [ ! -d run ] || quiet ./generate run/last
  fi
  if command -v cmake > /dev/null; then
    quiet cmake -G Ninja -S "$source/tests/install" -B "cmake-$(basename "$compiler")" -DCMAKE_CXX_COMPILER="$compiler" \
      -DCMAKE_PREFIX_PATH="$prefix" -Dreadme="$source/tests/readme"
    quiet cmake --build "cmake-$(basename "$compiler")"
    quiet "cmake-$(basename "$compiler")/train"
    quiet "cmake-$(basename "$compiler")/own_op"
  else
    echo 'no cmake here: not tried'
  fi
  echo "$compiler: good"
done
