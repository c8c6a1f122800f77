#!/usr/bin/env bash
# conan.sh SOURCE WORK: Conan itself, from PyPI, makes the package and tests it, by the block of packaging/README.md and
# with each option. The dependencies are the machine's: by [platform_requires], and by packages that are named and made
# up as ConanCenter's (machine/conanfile.py), so that no other server than PyPI is asked.
# conan.sh SOURCE WORK MBEDTLS: instead, with a package of mbedTLS 3 made from upstream's sources in that folder, as
# they are and with the profile lines of packaging/README.md that turn media on.
set -euo pipefail
source=$1 work=$2 mbedtls_source=${3-}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
kept=$(mkdir -p "$here/../../build/conan" && cd "$here/../../build/conan" && pwd)
export CONAN_HOME=$work/home
readme_block() { awk -v tag="<!-- test: $1 -->" 'inside && /^```$/ { exit } inside { print } found && /^```/ { inside = 1; found = 0 } $0 == tag { found = 1 }' "$source/packaging/README.md"; }

die() { echo "conan: $*" >&2; exit 1; }
quietly() { # command: its output only when it fails
    "$@" >"$work/last.log" 2>&1 || { tail -n 60 "$work/last.log" >&2; die "failed: $*"; }
}

mkdir -p "$work"
if ! cmp -s "$here/requirements.txt" "$kept/requirements.txt" || [[ ! -d $kept/wheels ]]; then
    rm -rf "$kept"
    python3 -m venv "$kept"
    quietly "$kept/bin/pip" wheel --disable-pip-version-check -w "$kept/wheels" -r "$here/requirements.txt"
    quietly "$kept/bin/pip" install --no-index --find-links "$kept/wheels" -r "$here/requirements.txt"
    cp "$here/requirements.txt" "$kept/"
fi
conan=$kept/bin/conan
rm -rf "$CONAN_HOME"
mkdir -p "$CONAN_HOME/profiles"
echo '{"remotes": []}' >"$CONAN_HOME/remotes.json"

boost=$(sed -n 's/^#define BOOST_LIB_VERSION "\(.*\)"/\1/p' /usr/include/boost/version.hpp | tr _ .)
[[ $boost == *.*.* ]] || boost+=.0
mbedtls=$({ cat /usr/include/mbedtls/{version,build_info}.h 2>/dev/null || true; } |
    sed -n 's/^#define MBEDTLS_VERSION_STRING  *"\(.*\)"/\1/p')
fmt=$(pkg-config --modversion fmt)
libsrtp=$(pkg-config --modversion libsrtp2)
machine=("boost/$boost" "fmt/$fmt" "libsrtp/$libsrtp")
[[ $mbedtls_source ]] || machine+=("mbedtls/$mbedtls")
# `detect` of the block makes `default`. The compiler's standard is the blocks' business.
cat >"$CONAN_HOME/profiles/quick" <<PROFILE
include(default)

[conf]
tools.cmake.cmaketoolchain:generator=Ninja
tools.build:jobs=${CMAKE_BUILD_PARALLEL_LEVEL:-$(nproc)}
tools.cmake.cmaketoolchain:extra_variables={"CMAKE_DISABLE_PRECOMPILE_HEADERS": "ON", "CMAKE_CXX_FLAGS_RELEASE": "-O0 -DNDEBUG", "CMAKE_POSITION_INDEPENDENT_CODE": "ON"}
PROFILE
{ printf 'include(quick)\n\n[platform_requires]\n'; printf '%s\n' "${machine[@]}"; } >"$CONAN_HOME/profiles/system"

create() { # what it says, options...: the test of the package runs, and $package is its folder
    local what=$1
    shift
    quietly "$conan" create "$source" --profile:all="$profile" -s compiler.cppstd=20 --build='cortc/*' --format=json \
        --out-file="$work/made.json" "$@"
    grep -q '100% tests passed' "$work/last.log" || { tail -n 60 "$work/last.log"; die "the test of the package did not run"; }
    package=$(python3 -c 'import json, sys
print(*{each["package_folder"] for each in json.load(open(sys.argv[1]))["graph"]["nodes"].values() if each.get("name") == "cortc"})' "$work/made.json")
    echo "conan create: $what: the test of the package made its calls"
}

holds() { # names of libraries: the package has these, its headers and its license, and nothing else
    local has
    has=$(cd "$package" && find . -name '*.a' -o -name '*.so' | sed 's|.*/||' | sort | xargs)
    [[ $has == "$*" ]] || die "$package holds the libraries \"$has\" instead of \"$*\""
    [[ -f $package/include/cortc/cortc.hpp && -f $package/licenses/LICENSE ]] || die "$package lacks headers or license"
    [[ ! $(cd "$package" && find . -name '*.cmake' -o -name '*.pc') ]] || die "$package has what Conan generates"
}

refuses() { # sentence, options...
    local says=$1
    shift
    if "$conan" create "$source" --profile:all="$profile" --build='cortc/*' --test-folder= "$@" >"$work/last.log" 2>&1; then
        die "accepted: $*"
    fi
    grep -qF "$says" "$work/last.log" || { tail -n 20 "$work/last.log"; die "does not say \"$says\": $*"; }
    echo "refused: $says"
}

media() { # with|without
    export CORTC_TEST_MEDIA=$1
    quietly "$conan" create "$work/mbedtls" --version="$version" --profile:all="$profile" --test-folder=
    create "compiled, $1 media" -o '&:with_signaling=False'
    [[ $1 == with ]] || grep -q "This mbedTLS has no MBEDTLS_SSL_DTLS_SRTP" "$work/last.log" || die "no warning about media"
    create "header-only, $1 media" -o '&:header_only=True'
}

if [[ $mbedtls_source ]]; then
    quietly "$conan" profile detect
    profile=system
    version=$(sed -n 's/^#define MBEDTLS_VERSION_STRING  *"\(.*\)"/\1/p' "$mbedtls_source/include/mbedtls/build_info.h")
    rm -rf "$work/mbedtls"
    cp -r "$mbedtls_source" "$work/mbedtls"
    cp "$here/mbedtls/conanfile.py" "$work/mbedtls/"
    media without
    profile=with_media
    { echo 'include(system)' && readme_block conan-media; } >"$CONAN_HOME/profiles/$profile"
    grep -q MBEDTLS_SSL_DTLS_SRTP "$CONAN_HOME/profiles/$profile"
    media with
    exit
fi

# The block installs Conan, which is the one of requirements.txt, and uses the profile named here.
CONAN_DEFAULT_PROFILE=system PIP_NO_INDEX=1 PIP_FIND_LINKS=$kept/wheels PIP_DISABLE_PIP_VERSION_CHECK=1 \
    "$here/readme.sh" "$source" "$work/as a reader" conan

profile=system
create "shared, without signaling" -o '&:shared=True' -o '&:with_signaling=False'
holds libcortc.so

profile=quick
for each in "${machine[@]}"; do
    quietly "$conan" create "$here/machine" --name="${each%/*}" --version="${each#*/}" --profile:all="$profile" --test-folder=
done
create "static, from packages"
holds libcortc.a libcortc_signaling.a
create "shared, from packages" -o '&:shared=True'
holds libcortc.so libcortc_signaling.so
create "header-only, from packages" -o '&:header_only=True'
holds
# It is the same for every compiler and build type.
quietly "$conan" install --requires=cortc/0.1.0 -o 'cortc/*:header_only=True' --profile:all="$profile" -s compiler.cppstd=23 \
    -s 'cortc/*:build_type=Debug' -g CMakeDeps -of "$work/found"
echo "conan install: a header-only package is the same for other settings"

refuses "cortc is compiled with fmt's library: set fmt/*:header_only=False" -s compiler.cppstd=20 -o 'fmt/*:header_only=True' --build=missing
refuses "cortc::signaling needs Boost.JSON: set boost/*" -s compiler.cppstd=20 -o 'boost/*:without_json=True' --build=missing
refuses "cortc::signaling needs Boost.JSON: set boost/*" -s compiler.cppstd=20 -o 'boost/*:header_only=True' --build=missing
refuses "cortc needs gcc 12 or later" -s compiler.cppstd=20 -s compiler.version=11 --build=missing
refuses "Current cppstd (gnu17) is lower than the required C++ standard (20)"

# Its version file is as that of the installed one: before 1.0 another minor version is another interface.
for wanted in 0.1 0.1.0 0.0 0.2; do
    printf 'cmake_minimum_required(VERSION 3.25)\nproject(version LANGUAGES CXX)\nfind_package(cortc %s CONFIG)\nmessage(STATUS "found: ${cortc_FOUND}")\n' \
        "$wanted" >"$work/found/CMakeLists.txt"
    rm -rf "$work/version"
    quietly env -u CMAKE_TOOLCHAIN_FILE cmake -S "$work/found" -B "$work/version" -DCMAKE_PREFIX_PATH="$work/found" -DCMAKE_BUILD_TYPE=Release
    grep -q "found: $([[ $wanted == 0.1* ]] && echo 1 || echo 0)" "$work/last.log" || die "find_package(cortc $wanted) is wrong"
done
echo "conan install: 0.1 and 0.1.0 are found, 0.0 and 0.2 are not"
