#include "cortc/ice/server_link.hpp"
#include "test/support/catch.hpp"

using namespace cortc;
using namespace cortc::ice;

namespace {

const endpoint server{boost::asio::ip::make_address("192.0.2.1"), 3478};

/// ChannelData as a stream has it: padded.
std::string channel_data(std::string_view payload, char channel = '\x01') {
    std::string frame{'\x40', channel, static_cast<char>(payload.size() >> 8),
                      static_cast<char>(payload.size() & 0xff)};
    frame += payload;
    frame.resize((frame.size() + 3) / 4 * 4);
    return frame;
}
std::string stun_message(std::size_t attributes) {
    std::string message{'\x01',
                        '\x01',
                        static_cast<char>(attributes >> 8),
                        static_cast<char>(attributes & 0xff),
                        '\x21',
                        '\x12',
                        '\xa4',
                        '\x42'};
    message.resize(20 + attributes, 'x');
    return message;
}

/// What comes out when `text` comes in pieces of `piece` bytes; `good` is what the last one said.
std::vector<std::string> split(std::string_view text, std::size_t piece, bool& good) {
    frame_splitter splitter;
    std::vector<std::string> found;
    good = true;
    for (std::size_t at = 0; at < text.size() && good; at += piece) {
        const auto part = as_bytes(text.substr(at, piece));
        bytes data(part.begin(), part.end());
        std::vector<net::datagram> frames;
        good = splitter.split(data, server, frames);
        for (const auto& one : frames) {
            CHECK(one.source == server);
            found.emplace_back(as_text(one.data));
        }
        CHECK(splitter.waiting() <= 65540 + piece);
    }
    return found;
}

} // namespace

TEST_CASE("messages are taken out of a stream however it is cut") {
    const std::vector<std::string> sent{channel_data("hello"), channel_data(""),
                                        stun_message(0),       stun_message(100),
                                        channel_data("four"),  channel_data(std::string(65535, 'y'))};
    std::string all;
    for (const auto& one : sent) all += one;
    for (const std::size_t piece : {1, 2, 3, 4, 5, 7, 20, 33, 1000, 65536, 1 << 20}) {
        CAPTURE(piece);
        bool good = false;
        CHECK(split(all, piece, good) == sent);
        CHECK(good);
    }
}

TEST_CASE("what is no message ends a stream, behind those before it") {
    for (const auto& garbage : {std::string("\x80\x00\x00\x00", 4), std::string("\xff\xff\xff\xff", 4)})
        for (const std::size_t piece : {1, 4, 100}) {
            bool good = true;
            CHECK(split(channel_data("good") + garbage + channel_data("lost"), piece, good) ==
                  std::vector{channel_data("good")});
            CHECK_FALSE(good);
        }
}

TEST_CASE("a message that is announced and never comes holds its own length of memory at most") {
    bool good = true;
    CHECK(split(std::string("\x40\x00\xff\xff", 4) + std::string(65000, 'x'), 100, good).empty());
    CHECK(good);
}

TEST_CASE("before there can be channels, what begins as one ends a stream") {
    frame_splitter splitter;
    const std::string both = stun_message(8) + "HTTP/1.1 200 OK";
    const auto whole = as_bytes(both);
    bytes data(whole.begin(), whole.end());
    std::vector<net::datagram> frames;
    CHECK_FALSE(splitter.split(data, server, frames, turn::frames::stun_only));
    CHECK(frames.size() == 1);
}
