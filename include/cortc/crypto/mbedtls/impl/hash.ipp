#pragma once

#include "cortc/crypto/mbedtls/hash.hpp"

#include <mbedtls/md5.h>
#include <mbedtls/platform_util.h>
#include <mbedtls/sha1.h>
#include <mbedtls/sha256.h>
#include <mbedtls/sha512.h>
#include <mbedtls/version.h>

#include <array>
#include <cstring>
#include <stdexcept>

// mbedTLS 2.28 puts _ret behind the functions that can fail; 3.x dropped the other ones and the suffix.
#if MBEDTLS_VERSION_MAJOR < 3
#define CORTC_MBEDTLS_CALL(name) name##_ret
#else
#define CORTC_MBEDTLS_CALL(name) name
#endif

namespace cortc::crypto::mbedtls {

namespace detail {

// One running hash on the stack. mbedtls_md_* would do for all of them, but allocates a context per use.
struct md5_state {
    static constexpr std::size_t block = 64;
    static constexpr std::size_t digest = 16;

    md5_state() { mbedtls_md5_init(&context); }
    md5_state(const md5_state&) = delete;
    md5_state& operator=(const md5_state&) = delete;
    ~md5_state() { mbedtls_md5_free(&context); }
    int start() { return CORTC_MBEDTLS_CALL(mbedtls_md5_starts)(&context); }
    int update(const unsigned char* data, std::size_t size) {
        return CORTC_MBEDTLS_CALL(mbedtls_md5_update)(&context, data, size);
    }
    int finish(unsigned char* out) { return CORTC_MBEDTLS_CALL(mbedtls_md5_finish)(&context, out); }

    mbedtls_md5_context context;
};

struct sha1_state {
    static constexpr std::size_t block = 64;
    static constexpr std::size_t digest = 20;

    sha1_state() { mbedtls_sha1_init(&context); }
    sha1_state(const sha1_state&) = delete;
    sha1_state& operator=(const sha1_state&) = delete;
    ~sha1_state() { mbedtls_sha1_free(&context); }
    int start() { return CORTC_MBEDTLS_CALL(mbedtls_sha1_starts)(&context); }
    int update(const unsigned char* data, std::size_t size) {
        return CORTC_MBEDTLS_CALL(mbedtls_sha1_update)(&context, data, size);
    }
    int finish(unsigned char* out) { return CORTC_MBEDTLS_CALL(mbedtls_sha1_finish)(&context, out); }

    mbedtls_sha1_context context;
};

struct sha256_state {
    static constexpr std::size_t block = 64;
    static constexpr std::size_t digest = 32;

    sha256_state() { mbedtls_sha256_init(&context); }
    sha256_state(const sha256_state&) = delete;
    sha256_state& operator=(const sha256_state&) = delete;
    ~sha256_state() { mbedtls_sha256_free(&context); }
    int start() { return CORTC_MBEDTLS_CALL(mbedtls_sha256_starts)(&context, 0); }
    int update(const unsigned char* data, std::size_t size) {
        return CORTC_MBEDTLS_CALL(mbedtls_sha256_update)(&context, data, size);
    }
    int finish(unsigned char* out) { return CORTC_MBEDTLS_CALL(mbedtls_sha256_finish)(&context, out); }

    mbedtls_sha256_context context;
};

template <bool Is384>
struct sha512_state {
    static constexpr std::size_t block = 128;
    static constexpr std::size_t digest = Is384 ? 48 : 64;

    sha512_state() { mbedtls_sha512_init(&context); }
    sha512_state(const sha512_state&) = delete;
    sha512_state& operator=(const sha512_state&) = delete;
    ~sha512_state() { mbedtls_sha512_free(&context); }
    int start() { return CORTC_MBEDTLS_CALL(mbedtls_sha512_starts)(&context, Is384 ? 1 : 0); }
    int update(const unsigned char* data, std::size_t size) {
        return CORTC_MBEDTLS_CALL(mbedtls_sha512_update)(&context, data, size);
    }
    int finish(unsigned char* out) { return CORTC_MBEDTLS_CALL(mbedtls_sha512_finish)(&context, out); }

    mbedtls_sha512_context context;
};

template <class State>
void run_hash(std::span<const byte_view> first, std::span<const byte_view> second, byte_span out) {
    State state;
    auto failed = state.start() != 0;
    for (auto parts : {first, second}) {
        for (auto part : parts) {
            if (part.empty()) continue;
            failed |= state.update(reinterpret_cast<const unsigned char*>(part.data()), part.size()) != 0;
        }
    }
    std::array<unsigned char, max_digest_size>
        digest; // mbedTLS wants room for SHA-512 when it writes SHA-384
    failed |= state.finish(digest.data()) != 0;
    if (failed) throw std::runtime_error("mbedTLS could not compute a hash");
    std::memcpy(out.data(), digest.data(), State::digest);
}

/// RFC 2104 2: H(key ^ opad, H(key ^ ipad, text)).
template <class State>
void run_hmac(byte_view key, std::span<const byte_view> parts, byte_span out) {
    std::array<std::byte, State::block> pad{};
    if (key.size() > State::block)
        run_hash<State>({}, {&key, 1}, pad);
    else if (!key.empty())
        std::memcpy(pad.data(), key.data(), key.size());
    const byte_view pad_view(pad);

    for (auto& octet : pad) octet ^= std::byte{0x36};
    std::array<std::byte, State::digest> inner;
    run_hash<State>({&pad_view, 1}, parts, inner);

    for (auto& octet : pad) octet ^= std::byte{0x36 ^ 0x5c};
    const byte_view inner_view(inner);
    run_hash<State>({&pad_view, 1}, {&inner_view, 1}, out);
    mbedtls_platform_zeroize(pad.data(), pad.size());
}

} // namespace detail

CORTC_DECL void hash(hash_algorithm algorithm, std::span<const byte_view> parts, byte_span out) {
    switch (algorithm) {
    case hash_algorithm::md5:
        return detail::run_hash<detail::md5_state>({}, parts, out);
    case hash_algorithm::sha1:
        return detail::run_hash<detail::sha1_state>({}, parts, out);
    case hash_algorithm::sha256:
        return detail::run_hash<detail::sha256_state>({}, parts, out);
    case hash_algorithm::sha384:
        return detail::run_hash<detail::sha512_state<true>>({}, parts, out);
    case hash_algorithm::sha512:
        return detail::run_hash<detail::sha512_state<false>>({}, parts, out);
    }
}

CORTC_DECL void hmac(hash_algorithm algorithm, byte_view key, std::span<const byte_view> parts,
                     byte_span out) {
    switch (algorithm) {
    case hash_algorithm::md5:
        return detail::run_hmac<detail::md5_state>(key, parts, out);
    case hash_algorithm::sha1:
        return detail::run_hmac<detail::sha1_state>(key, parts, out);
    case hash_algorithm::sha256:
        return detail::run_hmac<detail::sha256_state>(key, parts, out);
    case hash_algorithm::sha384:
        return detail::run_hmac<detail::sha512_state<true>>(key, parts, out);
    case hash_algorithm::sha512:
        return detail::run_hmac<detail::sha512_state<false>>(key, parts, out);
    }
}

} // namespace cortc::crypto::mbedtls

#undef CORTC_MBEDTLS_CALL
