#!/usr/bin/env bash
# compile.sh COMPILER ARGUMENT...: what test/package has instead of ccache alone. cortc is compiled once, wherever its
# copies lie: a copy's folder of headers, and a file of its src, are replaced by those of $CORTC_ORIGINAL when they are
# the same byte by byte. Dependency files stay empty, for they name the object. Also takes `g++ main.cpp -o program
# -l...`, which ccache does not, in two steps.
set -euo pipefail
export CCACHE_BASEDIR= CCACHE_NOHASHDIR=1 # paths as they are, whatever ccache.conf says: from folder to folder relative ones differ
arguments=() compiles=no source= output=a.out
folder() { # -I or -isystem, folder
    if [[ -f $2/cortc/cortc.hpp ]] && diff -rq "$2/cortc" "$CORTC_ORIGINAL/include/cortc" >/dev/null; then
        arguments+=(-isystem "$CORTC_ORIGINAL/include")
    else
        arguments+=("$1" "$2")
    fi
}
while (($#)); do
    case $1 in
    -isystem) folder "$1" "$2"; shift ;;
    -I?*) folder -I "${1#-I}" ;;
    -MD) ;;
    -MT) shift ;;
    -MF) : >"$2"; shift ;;
    -o) output=$2; arguments+=("$1" "$2"); shift ;;
    -c | -E | -M | -MM | -fsyntax-only) compiles=yes; arguments+=("$1") ;;
    *.cpp)
        source=$1
        if cmp -s "$1" "$CORTC_ORIGINAL/src/${1##*/}"; then source=$CORTC_ORIGINAL/src/${1##*/}; fi
        arguments+=("$source")
        ;;
    *) arguments+=("$1") ;;
    esac
    shift
done
[[ $compiles == no && $source ]] || exec ccache "${arguments[@]}"
rest=()
for each in "${arguments[@]}"; do [[ $each == "$source" ]] && rest+=("$output.o") || rest+=("$each"); done
plain=()
skip=
for each in "${arguments[@]}"; do
    if [[ $skip ]]; then skip=; continue; fi
    case $each in
    -o) skip=yes ;;
    -l* | -L* | -pthread) ;;
    *) plain+=("$each") ;;
    esac
done
ccache "${plain[@]}" -c -o "$output.o"
"${rest[@]}"
rm "$output.o"
