#!/usr/bin/env bash
# symbols.sh PREFIX: what the shared libraries there show is cortc, and the Asio that is compiled into libcortc;
# nothing of mbedTLS, fmt, the standard library or the rest of Boost. What they need is found when they are loaded.
set -euo pipefail
status=0
declare -A ceiling=([libcortc]=14500 [libcortc_signaling]=6500)
for library in libcortc libcortc_signaling; do
    file=$(find "$1" -name "$library.so" | head -1)
    [[ $file ]] || { echo "symbols: no $library.so under $1"; exit 1; }
    names=$(nm -D --defined-only "$file" | awk '{print $NF}' | sort -u)
    strange=$(grep -vE '^_ZT[ISVHW]N5(cortc|boost4asio)|^_ZG?V?Z*N[KO]*5(cortc|boost4asio)|^_ZGV|^_ZT[hv].*_N5(cortc|boost4asio)' \
        <<<"$names" || true)
    guards=$(grep '^_ZGV' <<<"$names" | grep -vE '^_ZGVZ?N[KO]*5(cortc|boost4asio)' || true)
    if [[ $strange$guards ]]; then
        # Templates of the headers call into cortc::detail and the implementations, so these are shown, too; but what is shown
    # does not grow unnoticed (without optimization).
    if (($(wc -l <<<"$names") > ceiling[$library])); then
        echo "symbols: $library shows more than ${ceiling[$library]}"
        status=1
    fi
    echo "symbols: $library shows"
        printf '%s\n' $strange $guards | c++filt | head -20
        status=1
    fi
    if unresolved=$(ldd -r "$file" 2>&1 | grep -E 'undefined symbol|not found'); then
        echo "symbols: $library lacks"
        head -5 <<<"$unresolved"
        status=1
    fi
    echo "symbols: $library shows $(wc -l <<<"$names"), of cortc $(grep -c 5cortc <<<"$names")"
done
shown=$(nm -D -C --defined-only "$(find "$1" -name libcortc.so | head -1)")
for name in 'cortc::PeerConnection::close()' 'cortc::error_category()' 'typeinfo for cortc::Error' \
    'boost::asio::io_context::run()'; do
    [[ $shown == *" $name"* ]] || { echo "symbols: libcortc does not show $name"; status=1; }
done
exit $status
