#!/usr/bin/env bash
# pion.sh PROGRAM [ARGUMENTS]: starts a program that prints its URL, and lets Pion connect to it. The program judges.
source "$(dirname "${BASH_SOURCE[0]}")/peers.sh"
command -v go >/dev/null || skip "Go is not installed"
# One module for all that uses Pion here, which pins its version.
cd "$here/../../bench/versus/pion"
go mod download || skip "the Go modules of Pion cannot be had"
mkdir -p "$peers"
go build -mod=readonly -o "$peers/pion_restarts" "$here/pion/main.go"

coproc program { exec "$@"; }
pid=$program_PID
exec 3<&"${program[0]}"
read -r url <&3
"$peers/pion_restarts" "$url" &
cat <&3 # until the program ends
wait "$pid"
