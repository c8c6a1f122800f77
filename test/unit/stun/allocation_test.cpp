#include "test/unit/stun/vectors.hpp"

#include "cortc/stun/message.hpp"
#include "cortc/stun/message_writer.hpp"

#include "test/support/allocation_count.hpp"
#include "test/support/catch.hpp"

using namespace cortc;
using namespace cortc::stun;

TEST_CASE("a connectivity check is read, verified and answered without allocation") {
    const auto key = as_bytes(test::short_term_password);
    const auto source = test::at("2001:db8::1", 5000);
    std::array<std::byte, 200> packet;
    std::size_t verified = 0;
    std::size_t written = 0;

    const auto before = support::allocation_count();
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
    const auto after = support::allocation_count();

    CHECK(after == before);
    CHECK(verified == 10);
    CHECK(written == 10 * (header_size + 24 + 24 + 36 + 8));
}
