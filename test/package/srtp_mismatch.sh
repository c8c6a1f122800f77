#!/usr/bin/env bash
# srtp_mismatch.sh SOURCE: a header-only program that is compiled for an mbedTLS without MBEDTLS_SSL_DTLS_SRTP, and
# linked with one that has it, and the other way round, is told so before mbedTLS writes into structures of another
# size: their ends are watched by AddressSanitizer.
set -euo pipefail
source=$1
here=$(mktemp -d "${TMPDIR:-/tmp}/cortc.XXXXXX")
trap 'rm -r "$here"' EXIT
cd "$here"
cat >main.cpp <<'CPP'
#include "cortc/crypto/backend.hpp"
#include <chrono>
#include <cstdio>
using namespace cortc;
int main(int argc, char** argv) {
    const bool agree = argc == 2 && argv[1][0] == 'a';
    const auto& backend = crypto::default_backend();
    const auto why = backend.headers_mismatch();
    if (why.empty() != agree) return 1;
    const unix_time now = std::chrono::sys_days(std::chrono::year(2026) / 11 / 20);
    crypto::dtls_options options;
    options.cert = backend.generate_certificate(crypto::key_type::ecdsa_p256, now).value();
    auto session = backend.make_dtls_session(options).value();
    session->start(time_point{});
    auto event = session->poll_event();
    const auto* failed = event ? std::get_if<crypto::dtls_failed>(&*event) : nullptr;
    if (agree ? failed != nullptr : !failed || failed->message != why) return 2;
    std::printf("%s\n", agree ? "headers and library of mbedTLS agree" : failed->message.c_str());
    return 0;
}
CPP
build() { # flags...
    "${CMAKE_CXX_COMPILER_LAUNCHER:-ccache}" g++ -std=c++20 -fsanitize=address -DCORTC_HEADER_ONLY -DBOOST_ASIO_NO_DEPRECATED \
        -I"$source/include" "$@" -c main.cpp -o main.o
    g++ -fsanitize=address main.o -o main -lfmt -lmbedtls -lmbedx509 -lmbedcrypto -pthread
}
build
./main agree
has=$(echo | g++ -E -dM -include mbedtls/version.h - | grep -c ' MBEDTLS_SSL_DTLS_SRTP' || true)
echo "#$([[ $has == 0 ]] && echo define || echo undef) MBEDTLS_SSL_DTLS_SRTP" >other.h
build -I"$PWD" '-DMBEDTLS_USER_CONFIG_FILE=<other.h>'
./main disagree
