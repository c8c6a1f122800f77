// What becomes of audio: `with` or `without` an mbedTLS that has MBEDTLS_SSL_DTLS_SRTP. Data channels work
// either way.
#include "cortc/cortc.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include <cstdio>
#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace asio = boost::asio;
using namespace std::chrono_literals;

void require(bool holds, const char* what) {
    if (!holds) throw std::runtime_error(what);
}

/// An offer of audio and data, as a browser writes it, made from one with data only.
std::string with_audio(std::string sdp) {
    const auto data = sdp.find("m=application");
    const auto line = [&](std::string_view begin) {
        const auto at = sdp.find(begin, data);
        return sdp.substr(at, sdp.find("\r\n", at) + 2 - at);
    };
    auto audio = "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\n" + line("a=ice-ufrag:") +
                 line("a=ice-pwd:") + line("a=fingerprint:") + line("a=setup:") +
                 "a=mid:voice\r\na=sendrecv\r\na=rtcp-mux\r\na=rtpmap:111 opus/48000/2\r\n";
    return sdp + audio;
}

void check_local(cortc::PeerConnection& pc, bool available) {
    const auto refused = [](const std::function<void()>& what) {
        try {
            what();
        } catch (const cortc::Error& error) {
            std::printf("%s: %s\n", error.name(), error.what());
            require(error.code() == cortc::errc::not_supported, "not NotSupportedError");
            require(std::string_view(error.what()).find("MBEDTLS_SSL_DTLS_SRTP") != std::string_view::npos,
                    "the error does not name the build option");
            return true;
        }
        return false;
    };
    const cortc::MediaStreamTrack track(pc.get_context(), cortc::MediaKind::video);
    require(refused([&] { pc.addTransceiver("audio"); }) != available, "addTransceiver");
    require(refused([&] { pc.addTrack(track); }) != available, "addTrack");
    require(cortc::RtpSender::getCapabilities(cortc::MediaKind::audio).codecs.empty() != available,
            "capabilities");
}

asio::awaitable<void> check(cortc::context context, bool available) {
    cortc::PeerConnection caller(context), callee(context), other(context);
    check_local(other, available);
    auto channel = caller.createDataChannel("data");
    co_await caller.setLocalDescription();
    co_await caller.gatheringComplete();
    auto offer = caller.localDescription().value();

    auto both = offer;
    both.sdp = with_audio(offer.sdp);
    cortc::PeerConnection asked(context);
    auto said = co_await cortc::answer(asked, both);
    const bool rejected = said.sdp.find("m=audio 0 ") != std::string::npos;
    require(rejected != available, "the audio section of an offer");
    require(said.sdp.find("m=application 0 ") == std::string::npos,
            "the data section of an offer with audio");

    auto answer = co_await cortc::answer(callee, offer);
    co_await caller.setRemoteDescription(answer);
    co_await channel.opened();
    co_await channel.send("hello");
    auto arrived = co_await callee.nextDataChannel();
    auto message = co_await arrived.receive();
    require(message.text() == "hello", "the message");
}

int main(int argc, char** argv) try {
    require(argc == 2, "usage: media with|without");
    asio::io_context io;
    cortc::context_options options;
    options.interface_filter = [](const auto& local) { return local.address.is_loopback(); };
    cortc::context context(io.get_executor(), options);
    const bool available = std::string_view(argv[1]) == "with";
    auto done = asio::co_spawn(io, cortc::timeout(context, 30s, check(context, available)), asio::use_future);
    io.run();
    done.get();
    std::printf("%s media, data channels: as it should be\n", argv[1]);
} catch (const std::exception& error) {
    std::fprintf(stderr, "media: %s\n", error.what());
    return 1;
}
