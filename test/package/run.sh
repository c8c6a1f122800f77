#!/usr/bin/env bash
# cortc as somebody else's dependency: each way to vendor it builds a consumer that makes a call, from a path with
# spaces; what is missing or unsuitable is refused with a sentence. Steps: installed nested shared bad_input conan
# (default: all). All work is under build/package. One compilation of the library serves all: the trees lie so that
# ccache takes them for the same.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
root=$PWD
work=$root/build/package
source=$work/'a path with spaces'/cortc
consumer=$source/test/package/consumer
jobs=${CMAKE_BUILD_PARALLEL_LEVEL:-$(nproc)}
export CMAKE_GENERATOR=Ninja CMAKE_CXX_COMPILER_LAUNCHER=ccache
export CCACHE_NOHASHDIR=1 CCACHE_BASEDIR=$work/'a path with spaces'
# What Conan passes; without the debugger's information, which takes time.
common=(-DCMAKE_BUILD_TYPE=Debug -DCMAKE_CXX_FLAGS=-m64 -DCMAKE_CXX_FLAGS_DEBUG=-g0 -DCMAKE_POSITION_INDEPENDENT_CODE=ON)
library=(-DCORTC_TESTS=OFF -DCORTC_SAMPLES=OFF -DCMAKE_DISABLE_PRECOMPILE_HEADERS=ON)

say() { printf '\033[1m== %s\033[0m\n' "$*" >&2; }
die() { echo "package: $*" >&2; exit 1; }
quietly() { # command: its output only when it fails
    "$@" >"$work/last.log" 2>&1 || { tail -n 60 "$work/last.log" >&2; die "failed: $*"; }
}

copy_source() {
    mkdir -p "$source"
    find "$source" -mindepth 1 -maxdepth 1 ! -name build -exec rm -rf {} +
    git ls-files -z -co --exclude-standard | tar --null --ignore-failed-read -T - -c | tar -x -C "$source"
}

build() { # name, source, configuration...
    local at=$source/build/$1 from=$2
    shift 2
    quietly cmake -S "$from" -B "$at" "${common[@]}" "$@"
    quietly cmake --build "$at" -j "$jobs"
}

call() { # name: runs the consumer's tests there
    ctest --test-dir "$source/build/$1" --output-on-failure --no-tests=error | grep -E 'Passed|tests passed'
}

installed() { # find_package and pkg-config, compiled, with signaling, and header-only
    say "installed: find_package(cortc CONFIG)"
    build static "$source" "${library[@]}"
    quietly cmake --install "$source/build/static" --prefix "$work/a prefix/static"
    build use_static "$consumer" -DHOW=find_package -DCMAKE_PREFIX_PATH="$work/a prefix/static"
    call use_static
    # Without the library: nothing is compiled, and cortc::header_only is found.
    build header_only "$source" "${library[@]}" -DCORTC_COMPILED=OFF
    quietly cmake --install "$source/build/header_only" --prefix "$work/a prefix/header_only"
    quietly cmake -S "$consumer" -B "$source/build/use_header_only" -DTARGETS=header_only \
        -DCMAKE_PREFIX_PATH="$work/a prefix/header_only"
    [[ ! $(find "$work/a prefix/header_only" -name '*.a' -o -name '*.so*') ]] || die "a header-only cortc installs a library"
    say "installed: pkg-config"
    pkg_config static
}

pkg_config() { # static or shared
    local from="$work/a prefix/$1" flags module
    PKG_CONFIG_PATH=$(find "$from" -name cortc.pc -printf "%h")
    export PKG_CONFIG_PATH
    for module in cortc cortc-header-only cortc-signaling; do pkg-config --print-errors --exists "$module = 0.1.0"; done
    flags=$(pkg-config $([[ $1 == static ]] && echo --static) --cflags --libs cortc)
    eval "ccache g++ -std=c++20 -g0 -c \"\$consumer/main.cpp\" -o \"\$work/pkg-config.o\" $flags"
    eval "g++ \"\$work/pkg-config.o\" -o \"\$work/use pkg-config\" $flags"
    LD_LIBRARY_PATH=$PKG_CONFIG_PATH/.. "$work/use pkg-config"
}

nested() {
    say "add_subdirectory"
    build use_subdirectory "$consumer" -DHOW=add_subdirectory -DCORTC_SOURCE="$source" -DTARGETS="cortc"
    call use_subdirectory
    say "FetchContent"
    build use_fetch "$consumer" -DHOW=fetch_content -DCORTC_SOURCE="$source" -DTARGETS="cortc;signaling"
    call use_fetch
}

shared() {
    say "shared libraries"
    build shared "$source" "${library[@]}" -DBUILD_SHARED_LIBS=ON
    quietly cmake --install "$source/build/shared" --prefix "$work/a prefix/shared"
    "$root/test/package/symbols.sh" "$work/a prefix/shared"
    build use_shared "$consumer" -DHOW=find_package -DCMAKE_PREFIX_PATH="$work/a prefix/shared" -DTARGETS="cortc;signaling"
    call use_shared
    pkg_config shared
}

bad_input() {
    [[ -d $work/'a prefix'/static ]] || installed
    say "what is missing is named"
    "$root/test/package/bad_input.sh" "$source" "$work/bad input" "$work/a prefix/static"
}

conan() {
    say "Conan"
    "$root/test/package/conan.sh" "$source" "$work/conan"
}

mkdir -p "$work"
copy_source
(($#)) || set -- installed nested shared bad_input conan
for step in "$@"; do
    case $step in
    installed | nested | shared | bad_input | conan) "$step" ;;
    *) die "no step '$step'; there are installed, nested, shared, bad_input, conan" ;;
    esac
done
say "package: $* passed in $SECONDS s"
