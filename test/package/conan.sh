#!/usr/bin/env bash
# conan.sh SOURCE WORK: Conan itself, from PyPI, makes the package and tests it. The dependencies are the machine's
# ([platform_requires]), so that no other server than PyPI is asked.
# conan.sh SOURCE WORK MBEDTLS: instead, with a package of mbedTLS 3 made from upstream's sources in that folder, as
# they are and with the profile lines of README.md that turn media on.
set -euo pipefail
source=$1 work=$2 mbedtls_source=${3-}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
venv=$here/../../build/conan
export CONAN_HOME=$work/home
export CCACHE_BASEDIR=$CONAN_HOME

quietly() { # command: its output only when it fails
    "$@" >"$work/last.log" 2>&1 || { tail -n 60 "$work/last.log" >&2; echo "conan: failed: $*" >&2; exit 1; }
}

mkdir -p "$work"
if ! cmp -s "$here/requirements.txt" "$venv/requirements.txt"; then
    rm -rf "$venv"
    python3 -m venv "$venv"
    quietly "$venv/bin/pip" install --disable-pip-version-check -r "$here/requirements.txt"
    cp "$here/requirements.txt" "$venv/"
fi
conan=$venv/bin/conan
rm -rf "$CONAN_HOME"
quietly "$conan" profile detect
quietly "$conan" remote remove conancenter

boost=$(sed -n 's/^#define BOOST_LIB_VERSION "\(.*\)"/\1/p' /usr/include/boost/version.hpp | tr _ .)
[[ $boost == *.*.* ]] || boost+=.0
mbedtls=$({ cat /usr/include/mbedtls/{version,build_info}.h 2>/dev/null || true; } |
    sed -n 's/^#define MBEDTLS_VERSION_STRING  *"\(.*\)"/\1/p')
fmt=$(pkg-config --modversion fmt)
libsrtp=$(pkg-config --modversion libsrtp2)
cat >"$CONAN_HOME/profiles/system" <<PROFILE
include(default)

[settings]
compiler.cppstd=20
build_type=Debug

[platform_requires]
boost/$boost
fmt/$fmt
libsrtp/$libsrtp
$([[ $mbedtls_source ]] || echo "mbedtls/$mbedtls")

[conf]
tools.cmake.cmaketoolchain:generator=Ninja
tools.build:jobs=${CMAKE_BUILD_PARALLEL_LEVEL:-$(nproc)}
tools.cmake.cmaketoolchain:extra_variables={"CMAKE_CXX_COMPILER_LAUNCHER": "ccache", "CMAKE_DISABLE_PRECOMPILE_HEADERS": "ON", "CMAKE_CXX_FLAGS_DEBUG": "-g0"}
PROFILE

create() { # what it says, options...
    local what=$1
    shift
    quietly "$conan" create "$source" --profile:all="$profile" --build=cortc/* "$@"
    grep -E 'arrived: hello' "$work/last.log" >/dev/null || grep -q '100% tests passed' "$work/last.log" ||
        { tail -n 60 "$work/last.log"; echo "conan: the test of the package did not run"; exit 1; }
    echo "conan create: $what: the test of the package made its calls"
}

media() { # with|without
    export CORTC_TEST_MEDIA=$1
    quietly "$conan" create "$work/mbedtls" --version="$version" --profile:all="$profile" --test-folder=
    create "compiled, $1 media" -o '&:with_signaling=False'
    [[ $1 == with ]] || grep -q "This mbedTLS has no MBEDTLS_SSL_DTLS_SRTP" "$work/last.log" || { echo "conan: no warning about media"; exit 1; }
    create "header-only, $1 media" -o '&:header_only=True'
}

profile=system
if [[ $mbedtls_source ]]; then
    version=$(sed -n 's/^#define MBEDTLS_VERSION_STRING  *"\(.*\)"/\1/p' "$mbedtls_source/include/mbedtls/build_info.h")
    rm -rf "$work/mbedtls"
    cp -r "$mbedtls_source" "$work/mbedtls"
    cp "$here/mbedtls/conanfile.py" "$work/mbedtls/"
    media without
    profile=with_media
    { echo 'include(system)' && sed -n '/^\[conf\]$/,/^```$/{/^```$/d;p}' "$source/README.md"; } >"$CONAN_HOME/profiles/$profile"
    grep -q MBEDTLS_SSL_DTLS_SRTP "$CONAN_HOME/profiles/$profile"
    media with
    exit
fi

create "compiled, with signaling"
create "shared, without signaling" -o '&:shared=True' -o '&:with_signaling=False'
create "header-only" -o '&:header_only=True'

# A project of its own, by the commands of README.md.
rm -rf "$work/consumer"
cp -r "$source/test/package/consumer" "$work/consumer"
rm -rf "$work/consumer/build" "$work/consumer/conanfile.py"
printf '[requires]\ncortc/[~0.1]\n\n[options]\ncortc/*:with_signaling=False\n\n[generators]\nCMakeDeps\nCMakeToolchain\n\n[layout]\ncmake_layout\n' \
    >"$work/consumer/conanfile.txt"
cd "$work/consumer"
quietly "$conan" install . --profile:all=system --build=missing
quietly cmake --preset conan-debug
quietly cmake --build --preset conan-debug
ctest --preset conan-debug | grep -E 'Passed|tests passed'
