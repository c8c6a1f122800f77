#!/usr/bin/env bash
# Compiles every public header alone and first, once as the compiled library's user and once header-only, and links two
# translation units that include everything, both ways.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
work=build/headers
mkdir -p "$work"
compiler=${CXX:-g++}
flags=(-std=c++20 -Iinclude -Wall -Wextra -Wshadow -Werror -DBOOST_ASIO_NO_DEPRECATED)

compile() { # mode header
    local mode=$1 header=$2 define
    [[ $mode == header_only ]] && define=-DCORTC_HEADER_ONLY || define=-DBOOST_ASIO_SEPARATE_COMPILATION
    local out
    if ! out=$(echo "#include \"$header\"" | $compiler "${flags[@]}" "$define" -fsyntax-only -x c++ - 2>&1); then
        printf 'headers: %s does not compile alone (%s)\n%s\n' "$header" "$mode" "$(head -20 <<<"$out")"
        return 1
    fi
}
export -f compile
export compiler
export flags_text="${flags[*]}"

mapfile -t headers < <(cd include && find cortc -name '*.hpp' -not -path '*/impl/*' | sort)
printf '%s\n' "${headers[@]}" | xargs -P "$(nproc)" -I{} bash -c '
    read -ra flags <<<"$flags_text"
    status=0
    for mode in compiled header_only; do compile $mode {} || status=1; done
    exit $status'
echo "headers: ${#headers[@]} compile alone, compiled and header-only"

# In compiled mode the W3C surface needs nothing of Beast, mbedTLS or libsrtp.
if echo '#include "cortc/cortc.hpp"' | $compiler "${flags[@]}" -DBOOST_ASIO_SEPARATE_COMPILATION -M -x c++ - |
    grep -oE '[^ ]*(boost/beast|boost/json|/mbedtls|/srtp2)[^ ]*' | head -3 | grep .; then
    echo "headers: cortc/cortc.hpp must not include the above in compiled mode"
    exit 1
fi

for unit in one two; do
    cat >"$work/$unit.cpp" <<CPP
#include "cortc/cortc.hpp"
#include "cortc/sim/world.hpp"
const void* $unit() { return static_cast<const void*>(&cortc::error_category()); }
CPP
done
cat >"$work/main.cpp" <<'CPP'
#include "cortc/cortc.hpp"
const void* one();
const void* two();
int main() {
    boost::asio::io_context io;
    cortc::PeerConnection pc(io.get_executor());
    pc.close();
    return one() == two() ? 0 : 1;
}
CPP
sources=("$work/main.cpp" "$work/one.cpp" "$work/two.cpp")
libraries=(-lfmt -lmbedtls -lmbedx509 -lmbedcrypto -lsrtp2 -lpthread)
printf '%s\n' "${sources[@]}" | xargs -P "$(nproc)" -I{} bash -c '
    read -ra flags <<<"$flags_text"
    $compiler "${flags[@]}" -DCORTC_HEADER_ONLY -c {} -o {}.o'
$compiler "${sources[@]/%/.o}" "${libraries[@]}" -o "$work/header_only"
"$work/header_only"
echo "headers: two translation units link and run header-only"
