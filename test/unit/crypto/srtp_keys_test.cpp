#include "cortc/crypto/srtp_keys.hpp"
#include "test/support/catch.hpp"

#include <algorithm>
#include <memory>
#include <new>
#include <utility>

using namespace cortc;
using namespace cortc::crypto;

namespace {

bytes counted(std::size_t size) {
    bytes made(size);
    for (std::size_t i = 0; i < size; ++i) made[i] = static_cast<std::byte>(i + 1);
    return made;
}

/// What an object's memory holds after the object is gone.
template <class T>
struct grave {
    template <class... Args>
    explicit grave(Args&&... args) : object(new (memory) T(std::forward<Args>(args)...)) {}
    [[nodiscard]] bool holds(byte_view what) const {
        bytes now;
        for (const volatile std::byte& each : memory) {
            const std::byte value = each;
            now.push_back(value);
        }
        return std::search(now.begin(), now.end(), what.begin(), what.end()) != now.end();
    }

    alignas(T) std::byte memory[sizeof(T)]{};
    T* object;
};

} // namespace

TEST_CASE("a secret leaves nothing behind when it ends, is moved from or cleared") {
    const auto key = counted(32);
    grave<secret<40>> one{byte_view(key)};
    REQUIRE(one.holds(key));
    std::destroy_at(one.object);
    CHECK_FALSE(one.holds(byte_view(key).first(4)));

    grave<secret<40>> other{byte_view(key)};
    secret<40> taken(std::move(*other.object));
    CHECK(std::ranges::equal(taken.view(), key));
    CHECK_FALSE(other.holds(byte_view(key).first(4)));
    CHECK(other.object->size() == 0);
    *other.object = std::move(taken);
    CHECK(std::ranges::equal(other.object->view(), key));
    CHECK(taken.view().empty());
    other.object->clear();
    CHECK_FALSE(other.holds(byte_view(key).first(4)));
    std::destroy_at(other.object);

    grave<srtp_keys> keys;
    *keys.object = split_srtp_keys(srtp_profile::aead_aes_256_gcm, counted(88));
    REQUIRE(keys.holds(key));
    std::destroy_at(keys.object);
    CHECK_FALSE(keys.holds(byte_view(key).first(4)));
}

TEST_CASE("a secret is as long as what it was made of, and equal to its copies alone") {
    const secret<16> full(byte_view(counted(20))), half(byte_view(counted(8)));
    CHECK(full.size() == 16);
    CHECK(half.size() == 8);
    const auto copy = half;
    CHECK(copy == half);
    CHECK_FALSE(full == half);
    CHECK_FALSE(secret<16>(std::size_t{4}) == secret<16>(std::size_t{5})); // zeros, and more of them
}

TEST_CASE("every SRTP profile has its sizes, and its part of what is exported") {
    struct {
        srtp_profile profile;
        std::uint16_t number;
        std::size_t key, salt;
    } const table[] = {{srtp_profile::aes128_cm_sha1_80, 1, 16, 14},
                       {srtp_profile::aes128_cm_sha1_32, 2, 16, 14},
                       {srtp_profile::aead_aes_128_gcm, 7, 16, 12},
                       {srtp_profile::aead_aes_256_gcm, 8, 32, 12}};
    for (const auto& each : table) {
        INFO(each.number);
        CHECK(static_cast<std::uint16_t>(each.profile) == each.number);
        const auto size = 2 * (each.key + each.salt);
        CHECK(srtp_material_size(each.profile) == size);
        const auto material = counted(size);
        const auto keys = split_srtp_keys(each.profile, material);
        CHECK(keys.profile == each.profile);
        byte_reader in(material); // RFC 5764 4.2
        CHECK(std::ranges::equal(keys.client.key.view(), in.take(each.key)));
        CHECK(std::ranges::equal(keys.server.key.view(), in.take(each.key)));
        CHECK(std::ranges::equal(keys.client.salt.view(), in.take(each.salt)));
        CHECK(std::ranges::equal(keys.server.salt.view(), in.take(each.salt)));
        CHECK(in.ok());
        CHECK(in.remaining() == 0);
    }
    CHECK(to_string(srtp_profile::aead_aes_128_gcm) == "SRTP_AEAD_AES_128_GCM");
    CHECK(described(static_cast<srtp_profile>(9)).key == 0);
}
