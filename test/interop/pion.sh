#!/usr/bin/env bash
# pion.sh restarts PROGRAM [ARGUMENTS], or pion.sh stack PROGRAM ROLE POLICY ABILITIES: starts a program that prints its URL,
# and lets Pion connect to it. The program judges.
source "$(dirname "${BASH_SOURCE[0]}")/peers.sh"
scenario=$1
shift
command -v go >/dev/null || skip "Go is not installed"
# One module for all that uses Pion here, which pins its version.
pushd "$here/../../bench/versus/pion" >/dev/null
go mod download || skip "the Go modules of Pion cannot be had"
mkdir -p "$peers"
go build -mod=readonly -o "$peers/pion_$scenario" "$here/pion/$scenario/main.go"
popd >/dev/null

if [[ $scenario == restarts ]]; then
    client() { "$peers/pion_restarts" "$1"; }
    judged_by "$@"
else
    role=$(role_of_client "$2" "$3")
    client() { "$peers/pion_stack" "$1" "$role"; }
    judged_by "$@" 127.0.0.1
fi
