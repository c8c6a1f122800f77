#!/usr/bin/env bash
# Compiles every public header alone and first, once as the compiled library's user and once header-only, and links and runs
# translation units that include everything, header-only.
#
# Compiled mode has nothing before the header, and shows what it forgets to include. Header-only mode adds the bodies, whose
# order is to be shown; what they include of others is precompiled. The headers of connection/ are parts of one class, which
# nobody includes but the handles: with their bodies each brings nearly the whole library, and the handles show their order.
# Code is made of the bodies in the programs that are linked, which begin with the header of all.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
work=build/headers
rm -rf "$work"
mkdir -p "$work"
compiler=${CXX:-g++}
command -v ccache >/dev/null && compiler="ccache $compiler"
flags=(-std=c++20 -Iinclude -Wall -Wextra -Wshadow -Werror -Winvalid-pch -DBOOST_ASIO_NO_DEPRECATED --param ggc-min-heapsize=400000)

grep -rhoE '^#include <(boost/(asio|assert|system)/[a-z0-9_/]+\.hpp|fmt/[a-z]+\.h|[a-z_]+)>' include/cortc | sort -u >"$work/others.hpp"
$compiler "${flags[@]}" -DCORTC_HEADER_ONLY -x c++-header "$work/others.hpp" -o "$work/others.hpp.gch"

compile() { # mode source
    local mode=$1 source=$2 options out
    case $mode in
    compiled) options="-DBOOST_ASIO_SEPARATE_COMPILATION -c" ;;
    header_only) options="-DCORTC_HEADER_ONLY -include $work/others.hpp -c" ;;
    bodies) options="-DCORTC_HEADER_ONLY -include $work/others.hpp -fsyntax-only" ;;
    esac
    if ! out=$($compiler $flags_text $options "$source" -o "$source.$mode.o" 2>&1); then
        printf 'headers: %s does not compile (%s)\n%s\n' "$(grep -o '"cortc/.*"' "$source" | xargs)" "$mode" "$(head -20 <<<"$out")"
        return 1
    fi
}
export -f compile
export compiler work flags_text="${flags[*]}"

cp bench/compile/hello.cpp "$work/hello.cpp"
cat >"$work/one.cpp" <<'CPP'
#include "cortc/cortc.hpp"
#include "cortc/sim/world.hpp"
const void* one() { return &cortc::error_category(); }
CPP
cat >"$work/two.cpp" <<'CPP'
#include "cortc/sim/world.hpp"
#include "cortc/error.hpp"
#include <stdexcept>
const void* one();
const bool same = one() == &cortc::error_category() ? true : throw std::logic_error("two of what must be one");
CPP
mapfile -t headers < <(cd include && find cortc -name '*.hpp' -not -path '*/impl/*' | sort)
jobs=("header_only $work/hello.cpp" "header_only $work/one.cpp" "header_only $work/two.cpp") # these take longest
for header in "${headers[@]}"; do
    source=$work/${header//\//.}.cpp
    echo "#include \"$header\"" >"$source"
    jobs+=("compiled $source")
    [[ $header == cortc/connection/* || $header == cortc/cortc.hpp ]] || jobs+=("bodies $source")
done
printf '%s\n' "${jobs[@]}" | xargs -P "$(nproc)" -I{} bash -c 'compile {}'
echo "headers: ${#headers[@]} compile alone, compiled and header-only"

# In compiled mode the W3C surface needs nothing of Beast, mbedTLS or libsrtp.
if $compiler "${flags[@]}" -DBOOST_ASIO_SEPARATE_COMPILATION -M "$work/cortc.cortc.hpp.cpp" |
    grep -oE '[^ ]*(boost/beast|boost/json|/mbedtls|/srtp2)[^ ]*' | head -3 | grep .; then
    echo "headers: cortc/cortc.hpp must not include the above in compiled mode"
    exit 1
fi

libraries=(-lfmt -lmbedtls -lmbedx509 -lmbedcrypto -lsrtp2 -lpthread)
$compiler "$work"/{hello,one,two}.cpp.header_only.o "${libraries[@]}" -o "$work/header_only"
[[ $("$work/header_only") == "arrived: hello" ]] || { echo "headers: the header-only program does not run"; exit 1; }
echo "headers: three translation units link and run header-only"
