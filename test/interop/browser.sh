#!/usr/bin/env bash
# browser.sh SCENARIO PROGRAM [ARGUMENTS]: runs a scenario of browser.mjs in headless Chromium against a program.
source "$(dirname "${BASH_SOURCE[0]}")/peers.sh"
export CORTC_CHROMIUM=${CORTC_CHROMIUM:-$(command -v chromium || true)}
[[ -x $CORTC_CHROMIUM ]] || skip "chromium is not installed"
run_node playwright-core browser.mjs "$@"
