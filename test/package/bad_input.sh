#!/usr/bin/env bash
# bad_input.sh SOURCE WORK PREFIX: each missing or unsuitable thing stops the configuration with one sentence.
set -euo pipefail
source=$1 work=$2 prefix=$3
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
rm -rf "$work"
mkdir -p "$work"
cd "$work"

refuses() { # what it says, source, configuration...
    local says=$1 from=$2
    shift 2
    rm -rf tree
    if cmake -G Ninja -S "$from" -B tree "$@" >log.txt 2>&1; then
        echo "bad input: accepted: $*"
        exit 1
    fi
    # CMake breaks lines.
    local said
    said=$(tr -s ' \n' ' ' <log.txt)
    if [[ $said != *"$says"* || $(grep -c 'CMake Error' log.txt) != 1 ]]; then
        echo "bad input: does not say \"$says\" once: $*"
        cat log.txt
        exit 1
    fi
    echo "refused: $says"
}

quick=(-DCORTC_TESTS=OFF -DCORTC_SAMPLES=OFF)

# A Boost that is too old, and the machine's out of sight.
mkdir -p old/lib/cmake/Boost
echo 'set(Boost_FOUND TRUE)' >old/lib/cmake/Boost/BoostConfig.cmake
cat >old/lib/cmake/Boost/BoostConfigVersion.cmake <<'CMAKE'
set(PACKAGE_VERSION 1.74.0)
if(PACKAGE_FIND_VERSION VERSION_GREATER PACKAGE_VERSION)
  set(PACKAGE_VERSION_COMPATIBLE FALSE)
else()
  set(PACKAGE_VERSION_COMPATIBLE TRUE)
endif()
CMAKE
printf 'set(CMAKE_FIND_USE_CMAKE_SYSTEM_PATH OFF)\nset(CMAKE_FIND_USE_SYSTEM_ENVIRONMENT_PATH OFF)\n' >alone.cmake
refuses "cortc needs Boost 1.81 or later, and found 1.74.0: install libboost1.81-dev" "$source" "${quick[@]}" \
    -DCMAKE_PREFIX_PATH="$PWD/old" -DCMAKE_PROJECT_INCLUDE="$PWD/alone.cmake"
for package in "Boost|cortc needs Boost 1.81 or later" "fmt|cortc needs fmt 9 or later: install libfmt-dev"; do
    refuses "${package#*|}" "$source" "${quick[@]}" -DCMAKE_DISABLE_FIND_PACKAGE_"${package%%|*}"=ON
done

package() { # name, version, text: a package of that name in packages/NAME, which takes every version
    mkdir -p "packages/$1"
    printf '%s\n' "$3" >"packages/$1/$1Config.cmake"
    printf 'set(PACKAGE_VERSION %s)\nset(PACKAGE_VERSION_COMPATIBLE TRUE)\n' "$2" >"packages/$1/$1ConfigVersion.cmake"
}
everybody() { # what it says, configuration...: cortc's own build, and who finds an installed one
    refuses "$1" "$source" "${quick[@]}" "${@:2}"
    refuses "$1" "$PWD/wants" -DCMAKE_PREFIX_PATH="$prefix" "${@:2}"
}
mkdir -p wants
cat >wants/CMakeLists.txt <<'CMAKE'
cmake_minimum_required(VERSION 3.25)
project(wants LANGUAGES CXX)
find_package(cortc ${WANTED} CONFIG REQUIRED ${COMPONENT})
CMAKE
package fmt 8.1.1 'add_library(fmt::fmt INTERFACE IMPORTED)'
everybody "cortc needs fmt 9 or later, and found 8.1.1: install libfmt-dev" -Dfmt_DIR="$PWD/packages/fmt"
package fmt 10.2.1 'add_library(fmt::fmt-header-only INTERFACE IMPORTED)'
everybody "has no target fmt::fmt: install libfmt-dev" -Dfmt_DIR="$PWD/packages/fmt"
package MbedTLS 4.0.0 'add_library(MbedTLS::mbedtls INTERFACE IMPORTED)'
everybody "cortc needs mbedTLS 2.28 or 3, and found 4.0.0: install libmbedtls-dev" -DMbedTLS_DIR="$PWD/packages/MbedTLS"
mkdir -p four/mbedtls
echo '#define MBEDTLS_VERSION_NUMBER 0x04000000' >four/mbedtls/version.h
touch four/mbedtls/ssl.h
everybody "mbedTLS does not suit: cortc needs mbedTLS 2.28 or 3; install libmbedtls-dev" -DMBEDTLS_INCLUDE_DIR="$PWD/four"
for lacks in PEM_PARSE_C RSA_C SSL_PROTO_DTLS; do
    echo "#undef MBEDTLS_$lacks" >"no_$lacks.h"
    CPATH=$PWD everybody "mbedTLS does not suit: cortc needs an mbedTLS with $([[ $lacks == *DTLS ]] && echo DTLS || echo RSA)" \
        -DCMAKE_CXX_FLAGS="-DMBEDTLS_USER_CONFIG_FILE=\\<no_$lacks.h\\> -DMBEDTLS_CHECK_CONFIG_H"
done

echo 'set(CMAKE_FIND_LIBRARY_SUFFIXES .none)' >no_library.cmake
refuses "cortc needs mbedTLS 2.28 or 3: install libmbedtls-dev" "$source" "${quick[@]}" \
    -DCMAKE_DISABLE_FIND_PACKAGE_MbedTLS=ON -DCMAKE_PROJECT_INCLUDE="$PWD/no_library.cmake"
cat >no_srtp.cmake <<'CMAKE'
macro(find_library variable)
  if(NOT "${variable}" STREQUAL SRTP2_LIBRARY)
    _find_library(${variable} ${ARGN})
  endif()
endmacro()
CMAKE
everybody "cortc needs libsrtp 2.3 or later: install libsrtp2-dev" \
    -DCMAKE_DISABLE_FIND_PACKAGE_libSRTP=ON -DCMAKE_PROJECT_INCLUDE_BEFORE="$PWD/no_srtp.cmake"
sed 's/^Version:.*/Version: 2.2.0/' "$(pkg-config --variable=pcfiledir libsrtp2)/libsrtp2.pc" >old/libsrtp2.pc
PKG_CONFIG_PATH=$PWD/old everybody "cortc needs libsrtp 2.3 or later, and found 2.2.0: install libsrtp2-dev" \
    -DCMAKE_DISABLE_FIND_PACKAGE_libSRTP=ON
cat >no_json.cmake <<'CMAKE'
macro(find_package name)
  if(NOT "${ARGN}" MATCHES "json")
    _find_package(${name} ${ARGN})
  endif()
endmacro()
CMAKE
refuses "cortc::signaling needs Boost.JSON: install libboost-json1.81-dev" "$source" "${quick[@]}" \
    -DCMAKE_PROJECT_INCLUDE_BEFORE="$PWD/no_json.cmake"

# Headers and library of mbedTLS that disagree about the layout of their structures.
echo '#undef MBEDTLS_SSL_DTLS_SRTP' >no_srtp.h
CPATH=$PWD refuses "mbedTLS was built with MBEDTLS_SSL_DTLS_SRTP, and its headers do not say so" "$source" "${quick[@]}" \
    -DCMAKE_CXX_FLAGS='-DMBEDTLS_USER_CONFIG_FILE=\<no_srtp.h\>'

# A compiler without coroutines.
compiler=$(command -v g++)
printf '#!/bin/sh\nexec %s "$@" -fno-coroutines\n' "$compiler" >old-g++
chmod +x old-g++
refuses "cortc needs a compiler with C++20 coroutines, and" "$source" "${quick[@]}" -DCMAKE_CXX_COMPILER="$PWD/old-g++"
printf '#!/bin/sh\nexec %s "$@" -U__GNUC__ -D__GNUC__=11\n' "$compiler" >old-g++
refuses "cortc needs g++ 12 or clang 19, or later, and $PWD/old-g++ is GNU 11" "$source" "${quick[@]}" -DCMAKE_CXX_COMPILER="$PWD/old-g++"

# The same for who finds what is installed.
refuses "cortc needs fmt 9 or later: install libfmt-dev" "$source/test/package/consumer" -DHOW=find_package \
    -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_DISABLE_FIND_PACKAGE_fmt=ON
# Before 1.0 another minor version is another interface.
for wanted in 0.0 0.2 0.1.1; do
    refuses "compatible with requested version \"$wanted\"" "$PWD/wants" -DWANTED=$wanted -DCMAKE_PREFIX_PATH="$prefix"
done
for wanted in 0.1 0.1.0; do
    cmake -G Ninja -S wants -B accepted -DWANTED=$wanted -DCMAKE_PREFIX_PATH="$prefix" >log.txt 2>&1 || { cat log.txt; exit 1; }
done
echo "accepted: 0.1, 0.1.0"
refuses "this cortc has no component no_such_component" "$PWD/wants" -DCOMPONENT=no_such_component -DCMAKE_PREFIX_PATH="$prefix"

# Who compiles header-only without a configuration: headers and library of mbedTLS that disagree are told when a
# connection is made, and no session writes into structures of another size.
"$here/srtp_mismatch.sh" "$source"
