#!/usr/bin/env bash
# cortc as somebody else's dependency: each way to vendor it builds a consumer that makes a call, from a path with
# spaces; what is missing or unsuitable is refused with a sentence. Steps: readme installed nested shared bad_input
# conan (default: all). `readme` executes the blocks of README.md and packaging/README.md as they stand there. All work is
# under build/package.
# One compilation of the library serves all (compile.sh).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
root=$PWD
work=$root/build/package
source=$work/'a path with spaces'/cortc
consumer=$source/test/package/consumer
export CMAKE_BUILD_PARALLEL_LEVEL=${CMAKE_BUILD_PARALLEL_LEVEL:-$(nproc)}
export CMAKE_GENERATOR=Ninja CMAKE_CXX_COMPILER_LAUNCHER=$root/test/package/compile.sh CORTC_ORIGINAL=$source
export CMAKE_TOOLCHAIN_FILE=$root/test/package/toolchain.cmake
library=(-DCORTC_TESTS=OFF -DCORTC_SAMPLES=OFF)

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
    rm -rf "$at"
    quietly cmake -S "$from" -B "$at" -DCMAKE_BUILD_TYPE=Release "$@"
    quietly cmake --build "$at"
}

use() { # name, configuration...: builds the consumer and runs its tests
    build "$1" "$consumer" "${@:2}"
    ctest --test-dir "$source/build/$1" --output-on-failure --no-tests=error | grep -E 'Passed|tests passed'
}

install_to() { # prefix, name of the build
    rm -rf "$1"
    quietly cmake --install "$source/build/$2" --prefix "$1"
}

readme() {
    say "README.md and packaging/README.md, as they stand there"
    "$root/test/package/readme.sh" "$source" "$work/as a reader"
}

installed() { # find_package and pkg-config, compiled, with signaling, and header-only
    say "installed: find_package(cortc CONFIG)"
    build static "$source" "${library[@]}"
    install_to "$work/a prefix/static" static
    use use_static -DHOW=find_package -DCMAKE_PREFIX_PATH="$work/a prefix/static" -DTARGETS="cortc;signaling"
    # Without the library: nothing is compiled, and cortc::header_only is found.
    build header_only "$source" "${library[@]}" -DCORTC_COMPILED=OFF
    install_to "$work/a prefix/header_only" header_only
    [[ ! $(find "$work/a prefix/header_only" -name '*.a' -o -name '*.so*') ]] || die "a header-only cortc installs a library"
    use use_header_only -DHOW=find_package -DCMAKE_PREFIX_PATH="$work/a prefix/header_only"
    say "installed: pkg-config"
    pkg_config static cortc
    pkg_config static cortc-signaling -DUSE_SIGNALING
    pkg_config header_only cortc-header-only
}

pkg_config() { # prefix, module, definitions of the consumer
    local prefix="$work/a prefix/$1" module=$2 flags
    shift 2
    PKG_CONFIG_PATH=$(find "$prefix" -name "$module.pc" -printf "%h")
    export PKG_CONFIG_PATH
    pkg-config --print-errors --exists "$module = 0.1.0"
    flags=$(pkg-config $([[ $prefix == *shared ]] || echo --static) --cflags --libs "$module")
    rm -f "$work/use pkg-config"
    eval "\"\$CMAKE_CXX_COMPILER_LAUNCHER\" g++ -std=c++20 -O0 -fPIC $* \"\$consumer/main.cpp\" -o \"\$work/use pkg-config\" $flags"
    echo "pkg-config $module: $(LD_LIBRARY_PATH=$PKG_CONFIG_PATH/.. "$work/use pkg-config")"
}

nested() {
    say "add_subdirectory, with what stands in no block"
    use use_subdirectory -DHOW=add_subdirectory -DCORTC_SOURCE="$source" -DTARGETS="cortc;signaling"
    installs_nothing use_subdirectory
    # Nothing of the library is compiled, and a consumer's C++23 stays.
    use use_nested_header_only -DHOW=add_subdirectory -DCORTC_SOURCE="$source" -DCORTC_COMPILED=OFF -DTARGETS=header_only
    [[ ! $(find "$source/build/use_nested_header_only" -name '*.a') ]] || die "CORTC_COMPILED=OFF compiles a library"
    quietly cmake -S "$consumer" -B "$source/build/newest" -DHOW=add_subdirectory -DCORTC_SOURCE="$source" -DCMAKE_CXX_STANDARD=23 \
        -DCMAKE_EXPORT_COMPILE_COMMANDS=ON -DTARGETS=cortc
    ! grep -E 'std=(c|gnu)\+\+20' "$source/build/newest/compile_commands.json" || die "cortc lowers CMAKE_CXX_STANDARD"
    grep -qE 'std=c\+\+2[3b].*/base.cpp' "$source/build/newest/compile_commands.json"
}

installs_nothing() { # name of a build
    install_to "$work/a prefix/nothing" "$1"
    [[ ! $(find "$work/a prefix/nothing" -type f 2>/dev/null) ]] || die "$1: cortc in another build installs itself"
}

shared() {
    say "shared libraries"
    build shared "$source" "${library[@]}" -DBUILD_SHARED_LIBS=ON
    install_to "$work/a prefix/shared" shared
    "$root/test/package/symbols.sh" "$work/a prefix/shared"
    use use_shared -DHOW=find_package -DCMAKE_PREFIX_PATH="$work/a prefix/shared" -DTARGETS="cortc;signaling"
    pkg_config shared cortc
    pkg_config shared cortc-signaling -DUSE_SIGNALING
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
run() { # steps
    local step
    for step in "$@"; do
        case $step in
        readme | installed | nested | shared | bad_input | conan) "$step" ;;
        *) die "no step '$step'; there are readme, installed, nested, shared, bad_input, conan" ;;
        esac
    done
}
if (($#)); then
    run "$@"
else # the first two compile the library, which serves the others; these leave half of the processors idle, each alone
    run readme installed
    (run bad_input conan) >"$work/beside.log" 2>&1 &
    beside=$!
    trap 'kill "$beside" 2>/dev/null || true' EXIT
    run nested shared
    wait "$beside" || { cat "$work/beside.log" >&2; exit 1; }
    cat "$work/beside.log"
fi
say "package: ${*:-all} passed in $SECONDS s"
