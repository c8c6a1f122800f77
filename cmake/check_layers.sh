#!/usr/bin/env bash
# Checks every #include of include/cortc against cmake/layers.txt. Prints each offence; exit 1 if there is one.
set -euo pipefail
cd "$(dirname "$0")/../include/cortc"
table=../../cmake/layers.txt
declare -A may asio
only=()
while IFS= read -r line; do
    case $line in
    '#'* | '') ;;
    'asio '*) line=${line#asio }; asio[${line%%:*}]="${line#*:} " ;;
    'only '*) only+=("${line#only }") ;;
    *) may[${line%%:*}]="${line#*:} " ;;
    esac
done <"$table"
bad=0
offence() { echo "layers: $1"; bad=1; }
while IFS= read -r file; do
    file=${file#./}
    folder=${file%%/*}
    [[ $file == */* ]] || folder=root
    [[ $folder == impl ]] && folder=root
    [[ $file == error.hpp || $file == impl/error.ipp ]] && folder=error
    [[ -v may[$folder] ]] || offence "$file: folder '$folder' is not in cmake/layers.txt"
    name=$(basename "$file"); name=${name%.*}
    while IFS= read -r included; do
        case $included in
        cortc/error.hpp | cortc/impl/error.ipp) other=error ;;
        cortc/impl/*) other=root ;;
        cortc/*/*) other=${included#cortc/}; other=${other%%/*} ;;
        cortc/*) other=root ;;
        boost/asio/ip/address.hpp | boost/asio/ip/address_v?.hpp) continue ;;
        boost/asio* )
            if [[ -v asio[$folder] && ${asio[$folder]} != *" $name "* ]]; then
                offence "$file includes $included: '$folder' holds engines (no Asio)"
            fi
            continue ;;
        *)
            for rule in "${only[@]}"; do
                if [[ $included == ${rule%%:*}* && $file != ${rule#*: }/* ]]; then
                    offence "$file includes $included: only ${rule#*: } may"
                fi
            done
            continue ;;
        esac
        [[ $other == "$folder" || "${may[$folder]:- }" == *" $other "* ]] || offence "$file includes $included: $folder may not include $other"
    done < <(sed -nE 's/^ *# *include *[<"]([^">]+)[">].*/\1/p' "$file")
    # Engines have no clock, no threads, no global state.
    if [[ $folder =~ ^(base|crypto|sdp|srtp|stun|jsep|sctp|datachannel|ice|transport)$ ]] && grep -nE '(steady|system)_clock::now|std::(thread|mutex)\b|\bsleep' "$file" >/dev/null; then
        [[ $file == crypto/mbedtls/* ]] || offence "$file: an engine reads a clock, or uses threads"
    fi
    if [[ $file == *.ipp ]] && grep -nE '^(static |namespace \{)' "$file" >/dev/null; then
        offence "$file: an .ipp has no static functions and no anonymous namespace (header-only mode)"
    fi
done < <(find . -name '*.hpp' -o -name '*.ipp')
exit $bad
