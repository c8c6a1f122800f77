#include "test/unit/stun/vectors.hpp"

#include "cortc/stun/message.hpp"
#include "cortc/stun/message_writer.hpp"

#include "test/support/catch.hpp"

#include <cstdlib>
#include <new>

using namespace cortc;
using namespace cortc::stun;

namespace {

std::size_t allocations = 0;

} // namespace

// Counts for this program; a sanitizer wants to see all forms replaced or none.
void* operator new(std::size_t size) {
    ++allocations;
    if (auto* block = std::malloc(size != 0 ? size : 1)) return block;
    throw std::bad_alloc();
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
    ++allocations;
    return std::malloc(size != 0 ? size : 1);
}
void operator delete(void* block) noexcept { std::free(block); }
void operator delete(void* block, std::size_t) noexcept { std::free(block); }

TEST_CASE("a connectivity check is read, verified and answered without allocation") {
    const auto key = as_bytes(test::short_term_password);
    const auto source = test::at("2001:db8::1", 5000);
    std::array<std::byte, 200> packet;
    std::size_t verified = 0;
    std::size_t written = 0;

    const auto before = allocations;
    for (int i = 0; i < 10; ++i) {
        auto request = message::parse(test::sample_request);
        if (!request || !request->verify_fingerprint() || !request->verify_integrity(key)) continue;
        if (request->username() != "evtj:h6vY" || !request->priority()) continue;
        if (!request->unknown_comprehension_required().empty()) continue;
        ++verified;
        message_writer response(packet, message_class::success_response, method::binding, request->id());
        response.add_xor_mapped_address(source);
        response.add_integrity(key);
        response.add_integrity_sha256(key);
        response.add_fingerprint();
        written += response.size();
    }
    const auto after = allocations;

    CHECK(after == before);
    CHECK(verified == 10);
    CHECK(written == 10 * (header_size + 24 + 24 + 36 + 8));
}
