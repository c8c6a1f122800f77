#pragma once

#include "cortc/net/network.hpp"
#include "test/support/catch.hpp"

#include <functional>
#include <string>

namespace cortc::test {

/// A stream that keeps what it hears, and says so in order: "c" connected, "d" data, "w" writable, "e" ended.
struct stream_peer : net::stream_handler {
    void handle_connected(net::stream& which) override {
        CHECK(&which == stream.get());
        told("c");
    }
    void handle_data(net::stream& which, byte_span data) override {
        CHECK(&which == stream.get());
        CHECK_FALSE(data.empty());
        text += as_text(data);
        told("d");
    }
    void handle_ended(net::stream& which, boost::system::error_code why) override {
        CHECK(&which == stream.get());
        error = why;
        told("e");
    }
    void handle_writable(net::stream& which) override {
        CHECK(&which == stream.get());
        told("w");
    }

    bool send(std::string_view data) {
        const byte_view part = as_bytes(data);
        return stream->send({&part, 1});
    }
    [[nodiscard]] bool ended() const { return heard.find('e') != std::string::npos; }
    [[nodiscard]] bool connected() const { return heard.find('c') != std::string::npos; }

    std::unique_ptr<net::stream> stream;
    std::string text, heard;
    boost::system::error_code error;
    std::function<void(char)> on; ///< called last; may destroy the stream

  private:
    void told(const char* what) {
        heard += what;
        if (on) on(*what);
    }
};

/// A listener that begins what comes.
struct stream_server : net::accept_handler {
    stream_server(net::network& over, std::string_view address, std::uint16_t port = 0)
        : at(over.listen({boost::asio::ip::make_address(address), port}, *this).value()) {}

    void handle_accept(net::listener& which, std::unique_ptr<net::incoming_stream> what) override {
        CHECK(&which == at.get());
        sources.push_back(what->remote());
        if (refuse) return;
        auto& made = *peers.emplace_back(std::make_unique<stream_peer>());
        if (on_accept) on_accept(made);
        made.stream = what->begin(made);
    }
    [[nodiscard]] endpoint where() const { return at->local(); }
    [[nodiscard]] stream_peer& first() { return *peers.at(0); }

    std::vector<std::unique_ptr<stream_peer>> peers;
    std::vector<endpoint> sources;
    bool refuse = false;
    std::function<void(stream_peer&)> on_accept;
    std::unique_ptr<net::listener> at; // last: its handler goes after it
};

/// Connects `peer` from `address`.
inline void connect(stream_peer& peer, net::network& over, std::string_view address, const endpoint& to) {
    peer.stream = over.connect({boost::asio::ip::make_address(address), 0}, to, peer).value();
}

/// Text in which a lost or doubled byte shows.
inline std::string numbered_text(std::size_t size) {
    std::string text;
    for (unsigned line = 0; text.size() < size; ++line) text += std::to_string(line) + ' ';
    text.resize(size);
    return text;
}

} // namespace cortc::test
