#!/usr/bin/env bash
# readme.sh SOURCE WORK [WAY...]: executes the blocks of README.md and packaging/README.md as they stand there, each way
# from nothing, in a folder that only has a checkout of cortc and the program `main.cpp` of README.md. Each must compile
# and run it. Every fenced block of both pages has a name in a comment above it, and is run or checked here.
set -euo pipefail
source=$1 work=$2
shift 2
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

die() { echo "readme: $*" >&2; exit 1; }
pages=("$source/README.md" "$source/packaging/README.md")
block() { # name
    local text
    text=$(awk -v tag="<!-- test: $1 -->" '
        inside && /^```$/ { exit }
        inside { print }
        found && /^```/ { inside = 1; found = 0 }
        $0 == tag { found = 1 }' "${pages[@]}")
    [[ $text ]] || die "no block $1 in ${pages[*]}"
    printf '%s\n' "$text"
}

all_are_known() {
    local untested
    untested=$(awk '/^```./ && last !~ /^<!-- test: (main.cpp|debian-12|debian-13|start|add_subdirectory|fetch_content|installed|pkg-config|position-independent|header-only|conan|conan-media) -->$/ { print "after \"" last "\"" } { last = $0 }' "${pages[@]}")
    [[ ! $untested ]] || die "a block that no test runs, $untested"
}

finds() { # what the pages link to exists, and the table of README.md knows every folder of the library
    local page target folder
    for page in "${pages[@]}" "$source"/{CHANGELOG,test/README,bench/README}.md "$source"/include/cortc/*.md; do
        while IFS= read -r target; do
            [[ $target == http* || -e $(dirname "$page")/$target ]] || die "$page links to $target"
        done < <(sed -n 's/[^][]](\([^)]*\))/\n=\1\n/gp' "$page" | sed -n 's/^=//p')
    done
    for folder in "$source"/include/cortc/*/; do
        folder=$(basename "$folder")
        [[ $folder == impl ]] || grep -q "^| [^|]*\`$folder\`[^|]*|" "$source/README.md" || die "README.md does not say what $folder holds"
    done
}

debian() { # The machine's release is asked whether it has these; the other one's are those of test/matrix.sh.
    local name missing installed
    installed=$(sed -n '/^packages=(/,/)/p' "$here/../matrix.sh" | tr -s '() ' '\n')
    for name in $(block debian-13 | sed 's/^sudo apt install //'); do
        [[ $name == git ]] || grep -qxF "$name" <<<"$installed" || die "test/matrix.sh does not install $name"
    done
    . /etc/os-release
    missing=$(block "debian-$VERSION_ID" | sed 's/^sudo apt install //' | xargs -n1 sh -c 'dpkg-query -W "$0" >/dev/null 2>&1 || echo "$0"')
    [[ ! $missing ]] || die "not installed, though ./dev setup was to: $missing"
}

rows() { # rows.cpp has the code of the tables for who comes from elsewhere, and compiles
    local code all
    all=$(tr -s ' \n' ' ' <"$source/test/package/rows.cpp")
    awk '/^[|]/ {
            split($0, cell, " [|] ")
            for (right = cell[2]; match(right, /`[^`]+`/); right = substr(right, RSTART + RLENGTH))
                print substr(right, RSTART + 1, RLENGTH - 2)
        }' "$source"/include/cortc/from_*.md | sed 's/^context_options::/options./; s/^DataChannelInit::/init./; s/\.\.\.).*//' >"$work/rows"
    while IFS= read -r code; do [[ $all == *"$code"* ]] || die "a table says $code, which test/package/rows.cpp does not try"; done <"$work/rows"
    "$here/compile.sh" g++ -std=c++20 -O0 -DBOOST_ASIO_NO_DEPRECATED -DBOOST_ASIO_SEPARATE_COMPILATION -I"$source/include" \
        -c "$source/test/package/rows.cpp" -o "$work/rows.o"
    echo "from_javascript.md, from_libdatachannel.md: $(wc -l <"$work/rows") pieces of code compile"
}

checkout() { # a repository of the files as they are now
    rm -rf "$work"
    mkdir -p "$work/tools" "$work/given/cortc"
    printf '#!/bin/sh\nexec "%s" "%s" "$@"\n' "$here/compile.sh" "$(command -v g++)" >"$work/tools/g++"
    chmod +x "$work/tools/g++"
    find "$source" -mindepth 1 -maxdepth 1 ! -name build -exec cp -r {} "$work/given/cortc/" \;
    (
        cd "$work/given/cortc"
        export GIT_CONFIG_GLOBAL=/dev/null GIT_AUTHOR_NAME=test GIT_AUTHOR_EMAIL=test@localhost
        export GIT_COMMITTER_NAME=test GIT_COMMITTER_EMAIL=test@localhost
        git init -q && git add -A -f . && git commit -q -m "as it is"
    )
}

way() { # how often the program says it, blocks...: always in the same folder, so that ccache knows it
    local wanted=$1 name said script=
    shift
    for name in "$@"; do script+=$(block "$name")$'\n'; done
    rm -rf "$work/try"
    mkdir -p "$work/try/hello"
    block main.cpp >"$work/try/hello/main.cpp"
    ln -s "$work/given/cortc" "$work/try/cortc"
    (cd "$work/try" && PATH=$work/tools:$PATH exec bash -c "$script") >"$work/last.log" 2>&1 || true
    said=$(grep -cx 'arrived: hello' "$work/last.log" || true)
    [[ $said == "$wanted" ]] || { tail -n 60 "$work/last.log" >&2; die "$*: the program did not run"; }
    echo "as it stands there: $*: arrived: hello"
}

nested() { # block
    way 1 start "$1"
    cmake --install "$work/try/hello/build" --prefix "$work/nothing" >"$work/last.log"
    [[ ! $(find "$work/nothing" -type f 2>/dev/null) ]] || die "$1: cortc in another build installs itself"
}

all_are_known
finds
debian
checkout
(($#)) || { rows && set -- add_subdirectory fetch_content installed header-only; }
for each in "$@"; do
    case $each in
    add_subdirectory | fetch_content) nested "$each" ;;
    installed)
        way 2 start installed pkg-config position-independent
        [[ -e $work/try/hello/libhello.so ]] || die "position-independent: no library was linked"
        ;;
    header-only | conan) way 1 start "$each" ;;
    *) die "no way '$each'" ;;
    esac
done
