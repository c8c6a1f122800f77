#!/usr/bin/env bash
# browser.sh SCENARIO PROGRAM [ARGUMENTS]: runs a scenario of browser.mjs in headless Chromium against a program.
# Exit 77 (a test skipped) when a peer is missing; 1 where CI=true, since there it must not be.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
peers=${CORTC_PEERS:-$here/../../build/peers}

skip() {
    echo "SKIPPED: $1 (./dev setup --peers)"
    [[ ${CI-} == true ]] && exit 1
    exit 77
}

export CORTC_CHROMIUM=${CORTC_CHROMIUM:-$(command -v chromium || true)}
[[ -x $CORTC_CHROMIUM ]] || skip "chromium is not installed"
command -v node >/dev/null || skip "chromium needs node to drive it"
[[ -d $peers/node_modules/playwright-core ]] || skip "chromium needs playwright-core in $peers"
CORTC_PEERS=$(cd "$peers" && pwd) exec node "$here/browser.mjs" "$@"
