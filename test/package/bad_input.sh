#!/usr/bin/env bash
# bad_input.sh SOURCE WORK PREFIX: each missing or unsuitable thing stops the configuration with one sentence.
set -euo pipefail
source=$1 work=$2 prefix=$3
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
refuses "cortc needs libsrtp 2.3 or later: install libsrtp2-dev" "$source" "${quick[@]}" \
    -DCMAKE_DISABLE_FIND_PACKAGE_libSRTP=ON -DCMAKE_PROJECT_INCLUDE_BEFORE="$PWD/no_srtp.cmake"
sed 's/^Version:.*/Version: 2.2.0/' "$(pkg-config --variable=pcfiledir libsrtp2)/libsrtp2.pc" >old/libsrtp2.pc
PKG_CONFIG_PATH=$PWD/old refuses "cortc needs libsrtp 2.3 or later, and found 2.2.0: install libsrtp2-dev" "$source" \
    "${quick[@]}" -DCMAKE_DISABLE_FIND_PACKAGE_libSRTP=ON
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

# The same for who finds what is installed.
refuses "cortc needs fmt 9 or later: install libfmt-dev" "$source/test/package/consumer" -DHOW=find_package \
    -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_DISABLE_FIND_PACKAGE_fmt=ON
mkdir -p newer
cat >newer/CMakeLists.txt <<'CMAKE'
cmake_minimum_required(VERSION 3.25)
project(newer LANGUAGES CXX)
find_package(cortc ${WANTED} CONFIG REQUIRED ${COMPONENT})
CMAKE
refuses 'compatible with requested version "0.2"' "$PWD/newer" -DWANTED=0.2 -DCMAKE_PREFIX_PATH="$prefix"
refuses "this cortc has no component no_such_component" "$PWD/newer" -DCOMPONENT=no_such_component -DCMAKE_PREFIX_PATH="$prefix"
