#!/usr/bin/env bash
# wrtc.sh SCENARIO PROGRAM [ARGUMENTS]: runs a scenario of wrtc.mjs, with libwebrtc in node, against a program.
source "$(dirname "${BASH_SOURCE[0]}")/peers.sh"
run_node @roamhq/wrtc wrtc.mjs "$@"
