#include "cortc/turn/framing.hpp"

#include "test/unit/turn/server_script.hpp"

using namespace cortc;
using namespace cortc::turn;
using namespace cortc::turn::test;

TEST_CASE("turn: frames of a stream are found wherever it is cut") {
    script with;
    with.client.start(with.now);
    auto request = with.take(stun::method::allocate);
    packet stream;
    std::vector<packet> frames;
    auto add = [&](packet frame) {
        stream.insert(stream.end(), frame.begin(), frame.end());
        frames.push_back(std::move(frame));
    };
    add(request);
    for (std::size_t size = 0; size < 10; ++size) {
        auto frame =
            bytes_of(std::string{'\x40', '\0', '\0', static_cast<char>(size)} + std::string(size, 'x'));
        frame.resize(4 + (size + 3) / 4 * 4);
        add(frame);
        add(with.plain_success(request));
    }
    for (std::size_t cut = 1; cut <= stream.size(); ++cut) { // so many bytes at a time
        packet waiting;
        std::vector<packet> found;
        for (std::size_t from = 0; from < stream.size(); from += cut) {
            auto part = byte_view(stream).subspan(from, std::min(cut, stream.size() - from));
            waiting.insert(waiting.end(), part.begin(), part.end());
            while (auto size = frame_size(waiting)) {
                REQUIRE(*size != 0);
                if (*size > waiting.size()) break;
                auto end = waiting.begin() + static_cast<std::ptrdiff_t>(*size);
                found.emplace_back(waiting.begin(), end);
                waiting.erase(waiting.begin(), end);
            }
        }
        REQUIRE(found == frames);
        REQUIRE(waiting.empty());
    }
}

TEST_CASE("turn: a length of a frame does not wrap, and what is no frame is told") {
    CHECK(frame_size(bytes_of("\x40\x01\xff\xff")) == 65540U);
    CHECK(frame_size(bytes_of("\x7f\xff\xff\xfd")) == 65540U);
    CHECK_FALSE(frame_size(bytes_of("\x40\x01\xff")).has_value());
    CHECK_FALSE(frame_size({}).has_value());
    CHECK(frame_size(bytes_of("GET / HTTP")) == frame_size(bytes_of("GET ")));
    CHECK(frame_size(bytes_of("\x16\x03\x01\x02")) == 0U); // TLS
    CHECK(frame_size(bytes_of("\xff\xff\xff\xff")) == 0U);
    CHECK(frame_size(bytes_of(std::string("\x01\x01\x00\x02", 4))) == 0U); // not a multiple of four
}
