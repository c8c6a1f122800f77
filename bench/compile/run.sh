#!/usr/bin/env bash
# How long the compiler takes, without optimisation, precompiled headers and cache: a small program, and some headers alone.
# CPU seconds, the least of three.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
work=build/compile
mkdir -p "$work"
TIMEFORMAT='%U %S'

measure() { # what it says, source
    local said=$1 source=$2 mode least=() each
    for mode in BOOST_ASIO_SEPARATE_COMPILATION CORTC_HEADER_ONLY; do
        least+=("$(for each in 1 2 3; do
            { time "${CXX:-g++}" -std=c++20 -O0 -Iinclude -DBOOST_ASIO_NO_DEPRECATED -D$mode -c "$source" -o "$work/out.o"; } 2>&1
        done | awk '{ print $1 + $2 }' | sort -n | head -1)")
    done
    printf '%-32s %8.2f %12.2f\n' "$said" "${least[@]}"
}

printf '%-32s %8s %12s\n' "CPU s" compiled header-only
measure "a call, bench/compile/hello.cpp" bench/compile/hello.cpp
for header in cortc peer_connection data_channel ice_transport timer; do
    echo "#include \"cortc/$header.hpp\"" >"$work/$header.cpp"
    measure "cortc/$header.hpp" "$work/$header.cpp"
done
