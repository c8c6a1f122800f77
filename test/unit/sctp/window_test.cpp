#include "test/support/catch.hpp"
#include "test/unit/sctp/pair.hpp"

#include "cortc/sctp/rx/fragments.hpp"

using namespace cortc;
using namespace cortc::sctp;
using namespace cortc::sctp::test;

namespace {

association_config window_of(std::size_t bytes) {
    association_config config;
    config.receive_window = bytes;
    return config;
}

/// Reads one stream as its messages come and leaves the others lying.
struct picky_reader {
    explicit picky_reader(pair& on, std::uint16_t wanted) : net(on), stream(wanted) { net.b.reads = false; }
    bool operator()() {
        while (auto message = net.b.end.poll_message()) {
            if (message->stream == stream_id(stream)) {
                ++count;
                size += message->data.size();
                net.b.end.consume(message->data.size());
            } else {
                unread.push_back(std::move(*message));
            }
        }
        return false;
    }
    pair& net;
    std::uint16_t stream;
    std::size_t count = 0;
    std::size_t size = 0;
    std::vector<received_message> unread;
};

} // namespace

TEST_CASE("a message that nobody reads takes its own share of the window and no more") {
    pair net({}, {}, window_of(65536));
    REQUIRE(net.connect());
    picky_reader reader(net, 1);
    REQUIRE(net.send(net.a, 0, pattern(40000)) == send_result::ok);
    std::uint32_t sent = 0;
    const bool done = net.run(
        [&] {
            reader();
            while (sent < 5000 && net.send(net.a, 1, numbered(sent)) == send_result::ok) ++sent;
            net.pump();
            return reader.count == 5000;
        },
        60s);
    CHECK(done);
    CHECK(reader.unread.size() == 1);
}
