#pragma once

#include "test/support/call.hpp"
#include "test/support/catch.hpp"

#include <string>
#include <vector>

/// Two connections for tests of their channels.
namespace cortc::test {

inline asio::awaitable<void> pass_candidates(PeerConnection& from, PeerConnection& to) {
    while (auto candidate = co_await from.nextIceCandidate()) co_await to.addIceCandidate(*candidate);
}

struct channel_pair {
    explicit channel_pair(const context& where) : channel_pair(where, where) {}
    channel_pair(const context& a, const context& b) : left(a), right(b) {}

    /// Offer from the left, which must have made a channel.
    asio::awaitable<void> connect() {
        co_await negotiate(left, right);
        co_await pass_candidates(left, right);
        co_await pass_candidates(right, left);
        co_await left.connected();
        co_await right.connected();
    }
    /// A channel of the left, open on both sides.
    asio::awaitable<void> connect(const DataChannelInit& init) {
        out = left.createDataChannel("channel", init);
        co_await connect();
        in = co_await right.nextDataChannel();
        co_await out.opened();
    }
    asio::awaitable<void> close() {
        left.close();
        right.close();
        co_await left.closed();
        co_await right.closed();
    }

    PeerConnection left, right;
    DataChannel out, in;
};

/// Reads to the end of the channel.
inline asio::awaitable<void> read_all(DataChannel from, std::vector<std::string>& into) {
    try {
        for (;;) {
            auto message = co_await from.receive();
            into.emplace_back(message.text());
        }
    } catch (const boost::system::system_error& end) {
        if (end.code() != errc::closed && end.code() != errc::aborted) throw;
    }
}

} // namespace cortc::test
