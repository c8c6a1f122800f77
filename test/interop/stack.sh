#!/usr/bin/env bash
# stack.sh STACK PROGRAM ROLE POLICY ABILITIES: runs stacks.mjs, with the npm package STACK, against stack_peer.
source "$(dirname "${BASH_SOURCE[0]}")/peers.sh"
run_node "$1" stacks.mjs "$@"
