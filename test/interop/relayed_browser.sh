#!/usr/bin/env bash
# relayed_browser.sh transports PORT TLS_PORT CERTIFICATE PROGRAM PAGE, as coturn.sh calls it: Chromium behind relays of coturn.
set -euo pipefail
export CORTC_TRUSTED=$4 # whose signature Chromium is to take for good
"$(dirname "${BASH_SOURCE[0]}")/browser.sh" relayed "$5" "$6" "$2" "$3" "$4"
