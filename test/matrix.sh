#!/usr/bin/env bash
# Debian 13 beside the machine's own: g++ 14 and Clang 19, Boost 1.83, mbedTLS 3.6, Catch2 3, in a tree of files that
# debootstrap makes under build/matrix. Needs root, for chroot. Steps: tree gcc clang srtp conan (default: all;
# conan needs the sources that srtp downloads).
#
# Nothing of this machine is mounted into the tree but a /proc of its own, which goes with the mount namespace; the
# source is copied, so that whatever happens in the tree stays there.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
suite=trixie
tree=$PWD/build/matrix/$suite
mirror=${DEBIAN_MIRROR:-http://deb.debian.org/debian}
packages=(g++ clang-19 cmake ninja-build pkg-config ccache mold libboost-dev libboost-json-dev libmbedtls-dev
    libsrtp2-dev libfmt-dev catch2 dpkg-dev)

say() { printf '\033[1m== %s\033[0m\n' "$*" >&2; }
die() { echo "matrix: $*" >&2; exit 1; }

inside() { # command, run by bash in the tree
    unshare --mount --pid --fork --propagation private bash -c '
        mount -t proc proc "$1/proc" && exec chroot "$1" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root \
            LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive CCACHE_DIR=/src/ccache JOBS="$3" \
            CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime bash -ec "$2"' \
        inside "$tree" "$1" "${CMAKE_BUILD_PARALLEL_LEVEL:-$(nproc)}"
}

make_tree() {
    if [[ ! -f $tree/made ]]; then
        say "Debian 13 into build/matrix/$suite"
        [[ -x $tree/usr/bin/apt-get ]] || debootstrap --variant=minbase "$suite" "$tree" "$mirror"
        cp /etc/resolv.conf "$tree/etc/resolv.conf"
        printf '127.0.0.1 localhost\n::1 localhost\n' >"$tree/etc/hosts"
        printf 'deb %s %s main\ndeb-src %s %s main\n' "$mirror" "$suite" "$mirror" "$suite" >"$tree/etc/apt/sources.list"
        inside "apt-get update -q && apt-get install -q -y --no-install-recommends ${packages[*]}"
        touch "$tree/made"
    fi
    mkdir -p "$tree/src/cortc"
    find "$tree/src/cortc" -mindepth 1 -maxdepth 1 ! -name build -exec rm -rf {} +
    git ls-files -z -co --exclude-standard | tar --null --ignore-failed-read -T - -c | tar -x -C "$tree/src/cortc"
}

unit_and_sim() { # preset
    say "Debian 13: unit and sim tests, preset $1"
    inside "cd /src/cortc
        cmake --preset $1 -DCMAKE_CXX_COMPILER_LAUNCHER=ccache -DCORTC_SAMPLES=OFF
        cmake --build --preset $1 -j \$JOBS --target unit_tests sim
        ctest --test-dir build/$1 --output-on-failure --no-tests=error -j \$JOBS -R '^(unit_.*|sim.*)\$'"
}

# mbedTLS as upstream configures it has no use_srtp: once so, once with the definition that packaging/README.md names,
# and once with headers and library that disagree, which must not be taken.
srtp() {
    say "Debian 13: mbedTLS 3.6 built without and with MBEDTLS_SSL_DTLS_SRTP"
    inside 'cd /src
        [[ -d mbedtls ]] || { apt-get source -q --download-only mbedtls && mkdir mbedtls &&
            tar -x -f mbedtls_3*.orig.tar.* --strip-components=1 -C mbedtls; }
        grep -q "^//#define MBEDTLS_SSL_DTLS_SRTP" mbedtls/include/mbedtls/mbedtls_config.h
        export CMAKE_C_COMPILER_LAUNCHER=ccache CMAKE_CXX_COMPILER_LAUNCHER=ccache
        for way in without with; do
            define=
            [[ $way == without ]] || define=-DMBEDTLS_SSL_DTLS_SRTP
            here=/src/$way
            export CMAKE_PREFIX_PATH=$here/prefix
            cmake -G Ninja -S mbedtls -B $here/mbedtls -DCMAKE_BUILD_TYPE=Release -DENABLE_TESTING=OFF -DENABLE_PROGRAMS=OFF \
                -DCMAKE_C_FLAGS="$define" -DCMAKE_INSTALL_PREFIX=$here/prefix
            cmake --build $here/mbedtls -j $JOBS --target install
            cmake -G Ninja -S cortc -B $here/cortc -DCORTC_TESTS=OFF -DCORTC_SAMPLES=OFF -DCORTC_SIGNALING=OFF \
                -DCMAKE_CXX_FLAGS="$define" -DCMAKE_INSTALL_PREFIX=$here/prefix 2>&1 | tee $here/configured
            grep -q "MbedTLS_DIR:PATH=$here/prefix" $here/cortc/CMakeCache.txt
            warned=without
            grep -q "This mbedTLS has no MBEDTLS_SSL_DTLS_SRTP" $here/configured || warned=with
            [[ $warned == $way ]]
            cmake --build $here/cortc -j $JOBS --target install
            cmake -G Ninja -S cortc/test/package/consumer -B $here/consumer -DMEDIA=$way -DTARGETS=cortc
            cmake --build $here/consumer -j $JOBS
            ctest --test-dir $here/consumer --output-on-failure --no-tests=error
            other=-DMBEDTLS_SSL_DTLS_SRTP
            [[ $way == without ]] || other=
            if cmake -G Ninja -S cortc -B $here/disagree -DCORTC_TESTS=OFF -DCORTC_SAMPLES=OFF -DCMAKE_CXX_FLAGS="$other" \
                >$here/disagree.txt 2>&1; then
                echo "headers and library that disagree ($way) were taken"; exit 1
            fi
            tr -s "\n " " " <$here/disagree.txt | grep -o "mbedTLS was built with[^(]*"
        done'
}

# The same with Conan, on this machine.
conan() {
    say "Conan: mbedTLS 3.6 built without and with MBEDTLS_SSL_DTLS_SRTP"
    mkdir -p "build/matrix/conan"
    CMAKE_CXX_COMPILER_LAUNCHER=ccache test/package/conan.sh "$tree/src/cortc" "$PWD/build/matrix/conan" "$tree/src/mbedtls"
}

((EUID == 0)) || die "needs root, for debootstrap and chroot"
command -v debootstrap >/dev/null || die "needs debootstrap"
(($#)) || set -- tree gcc clang srtp conan
make_tree
for step in "$@"; do
    case $step in
    tree) ;;
    gcc) unit_and_sim dev ;;
    clang) unit_and_sim clang ;;
    srtp) srtp ;;
    conan) conan ;;
    *) die "no step '$step'; there are tree, gcc, clang, srtp, conan" ;;
    esac
done
say "matrix: $* passed"
