# Sourced by the scripts that start a peer: where the npm packages are, and how a peer is missing.
# Exit 77 (a test skipped) then; 1 where CI=true, since there it must not be.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
peers=${CORTC_PEERS:-$here/../../build/peers}
skip() {
    echo "SKIPPED: $1 (./dev setup --peers)"
    [[ ${CI-} == true ]] && exit 1
    exit 77
}
# PACKAGE SCRIPT [ARGUMENTS]: runs a script that needs an npm package.
run_node() {
    local package=$1 script=$2
    shift 2
    command -v node >/dev/null || skip "node is not installed"
    [[ -d $peers/node_modules/$package ]] || skip "there is no $package in $peers"
    CORTC_PEERS=$(cd "$peers" && pwd) exec node "$here/$script" "$@"
}
# PROGRAM [ARGUMENTS]: starts a program that prints its URL and judges, and client() with that URL.
judged_by() {
    local pid url
    coproc program { exec "$@"; }
    pid=$program_PID
    exec 3<&"${program[0]}"
    read -r url <&3
    client "$url" &
    cat <&3 # until the program ends
    wait "$pid"
}
# ROLE POLICY of stack_peer: what a client does then.
role_of_client() {
    if [[ $1 == offers ]]; then echo answers; elif [[ $2 == none ]]; then echo offers; else echo offers-media; fi
}
# Not every stack uses loopback.
address_of_machine() { hostname -I | tr ' ' '\n' | grep -m1 -F . || echo 127.0.0.1; }
