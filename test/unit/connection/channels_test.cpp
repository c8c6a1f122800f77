#include "cortc/connection/channel.hpp"
#include "cortc/connection/channels.hpp"
#include "test/unit/connection/parts_support.hpp"

using namespace cortc;

namespace {

struct channels_bench : test::session_bench {
    connection_channels channels{*owner, asked, session};

    std::string refused(std::string label, DataChannelInit init) {
        try {
            channels.create(std::move(label), std::move(init));
            return {};
        } catch (const Error& why) {
            return why.name();
        }
    }
};

DataChannelInit negotiated_at(std::uint16_t id) {
    DataChannelInit init;
    init.negotiated = true;
    init.id = id;
    return init;
}

} // namespace

TEST_CASE("channels: the first one asks for a data section, and negotiation") {
    channels_bench bench;
    CHECK_FALSE(bench.channels.engine_or_null());
    CHECK_FALSE(bench.session.negotiation_needed());
    const auto made = bench.channels.create("chat", {});
    CHECK(made->state() == DataChannelState::connecting);
    CHECK(bench.session.negotiation_needed());
    CHECK(bench.asked.updates == 1);
    CHECK(bench.channels.all().size() == 1);
    CHECK_FALSE(bench.channels.max_channels());
    CHECK_FALSE(bench.channels.max_message_size());
}

TEST_CASE("channels: what cannot be is refused and leaves nothing") {
    channels_bench bench;
    CHECK(bench.refused(std::string(65536, 'x'), {}) == "TypeError");
    CHECK(bench.refused("x", negotiated_at(65535)) == "TypeError");
    CHECK(bench.refused("x", negotiated_at(3)).empty());
    CHECK(bench.refused("y", negotiated_at(3)) == "OperationError");
    CHECK(bench.channels.all().size() == 1);
    bench.owner->close();
    CHECK(bench.refused("z", {}) == "InvalidStateError");
}

TEST_CASE("channels: an error repeats no more of a label than a line can hold") {
    channels_bench bench;
    const auto made = bench.channels.create("\x1b[2J\n" + std::string(60000, 'x'), {});
    const auto check = [](auto wrong) {
        try {
            wrong();
            FAIL("it is not open");
        } catch (const Error& error) {
            const std::string text = error.what();
            CAPTURE(text);
            CHECK(text.size() < 200);
            CHECK(text.find(R"("\x1b[2J\x0axxx)") != text.npos);
        }
    };
    check([&] { made->try_send(true, {}); });
    made->close();
    check([&] { made->try_send(true, {}); });
}

TEST_CASE("channels: the SctpTransport is there as long as a data section is described") {
    channels_bench bench;
    CHECK_FALSE(bench.channels.view());
    const auto over = std::make_shared<transport_impl>(bench.where.core(), std::weak_ptr<transport_owner>(),
                                                       jsep::transport_id(1));
    bench.channels.sync(over);
    const auto view = bench.channels.view();
    REQUIRE(view);
    CHECK(view->over == over);
    CHECK(view->state.get() == SctpTransportState::connecting);
    bench.channels.sync(over);
    CHECK(bench.channels.view() == view);
    bench.channels.sync(nullptr);
    CHECK_FALSE(bench.channels.view());
    CHECK(view->state.get() == SctpTransportState::closed);
}

TEST_CASE("channels: without DTLS the association of that transport is over, and no other") {
    channels_bench bench;
    const auto make = [&](std::uint32_t id) {
        return std::make_shared<transport_impl>(bench.where.core(), std::weak_ptr<transport_owner>(),
                                                jsep::transport_id(id));
    };
    const auto over = make(1), other = make(2);
    bench.channels.sync(over);
    auto& events = static_cast<channel_events&>(bench.channels);
    events.on_dtls_over(other);
    CHECK(bench.channels.view()->state.get() == SctpTransportState::connecting);
    events.on_dtls_over(over);
    CHECK(bench.channels.view()->state.get() == SctpTransportState::closed);
}

TEST_CASE("channels: close() ends the channels with the reason, also for who awaits them") {
    channels_bench bench;
    const auto made = bench.channels.create("chat", {});
    auto opened = test::begin(bench, [&](auto op) { made->opened(std::move(op)); });
    bench.run();
    bench.owner->close();
    bench.channels.close(make_error(errc::aborted, "closed"));
    bench.run();
    CHECK(opened->failure() == "AbortError");
    CHECK(made->state() == DataChannelState::closed);
    CHECK(bench.channels.all().empty());
}
