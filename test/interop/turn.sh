#!/usr/bin/env bash
# turn.sh uclient|pion SERVER: the clients of coturn and of Pion with our TURN server (samples/6_turn_server).
# turn.sh pion_serves PROGRAM: our client with Pion's servers (relay_peer.cpp).
source "$(dirname "${BASH_SOURCE[0]}")/peers.sh"
scenario=$1
program=$2
pids=()
work=$(mktemp -d)
finish() {
    for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
    rm -rf "$work"
}
trap finish EXIT
build_pion() {
    command -v go >/dev/null || skip "Go is not installed"
    pushd "$here/../../bench/versus/pion" >/dev/null
    go mod download || skip "the Go modules of Pion cannot be had"
    mkdir -p "$peers"
    go build -mod=readonly -o "$peers/pion_turn" "$here/pion/turn/main.go"
    popd >/dev/null
}
serve() { # starts our server, and finds its port
    local line
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost \
        -keyout "$work/key.pem" -out "$work/certificate.pem" 2>/dev/null
    tls_port=$(python3 -c 'import socket; one = socket.create_server(("127.0.0.1", 0)); print(one.getsockname()[1])')
    exec 4< <(exec "$program" --port 0 --realm example.org --user user:secret --secret north \
        --tls-port "$tls_port" --certificate "$work/certificate.pem" --key "$work/key.pem" 2>&1)
    pids+=($!)
    while read -r -t 20 -u 4 line; do
        echo "$line"
        [[ $line != turn:* ]] || break
    done
    port=${line#turn:127.0.0.1:}
    port=${port%% *}
    [[ $port =~ ^[0-9]+$ ]] || { echo "FAILED: the server does not begin"; exit 1; }
    cat <&4 >"$work/server.log" &
    exec 4<&-
}
uclient() { # what it is, and its options
    echo "uclient: $*"
    local to=$port
    [[ " $* " != *" -S "* ]] || to=$tls_port
    if ! timeout 60 turnutils_uclient -p "$to" -m 2 -n 40 -z 5 -y "${@:2}" 127.0.0.1 >"$work/log" 2>&1 ||
        ! grep -q "Total lost packets 0 " "$work/log"; then
        tail -n 40 "$work/log" "$work/server.log"
        echo "FAILED: $1"
        exit 1
    fi
    grep "Total lost" "$work/log"
}

case $scenario in
uclient)
    command -v turnutils_uclient >/dev/null || skip "coturn is not installed"
    serve
    uclient "channels" -c -u user -w secret
    uclient "indications" -s -c -u user -w secret
    uclient "pairs of ports, and reservations" -u user -w secret
    uclient "don't fragment, channels that are padded" -g -D -c -u user -w secret
    uclient "requests more than are needed" -G -c -u user -w secret
    uclient "REST credentials" -c -u alice -W north
    uclient "TCP" -t -c -u user -w secret
    uclient "TCP, indications, REST credentials" -t -s -c -u alice -W north
    uclient "TLS" -t -S -c -u user -w secret
    ! timeout 20 turnutils_uclient -p "$port" -n 1 -y -c -u user -w wrong 127.0.0.1 >"$work/log" 2>&1 || { echo "FAILED: a wrong password"; exit 1; }
    echo "coturn's client: everything came back"
    ;;
pion)
    build_pion
    serve
    "$peers/pion_turn" client 127.0.0.1 "$port" user secret
    until=$(($(date +%s) + 600)):alice
    password=$(printf %s "$until" | openssl dgst -sha1 -hmac north -binary | base64)
    "$peers/pion_turn" client 127.0.0.1 "$port" "$until" "$password"
    ;;
pion_serves)
    build_pion
    exec 4< <(exec "$peers/pion_turn" serve)
    pids+=($!)
    read -r -t 20 -u 4 first
    read -r -t 20 -u 4 second
    "$program" "$first" "$second" 400 # for a wrong password
    ;;
esac
