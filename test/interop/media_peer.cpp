// media_peer PAGE: serves the page (media.html) and negotiates audio, video and data with the browser that
// opens it: we offer, then the browser does. Exit 0: both ends agree about every transceiver, and the data
// channel works.
#include "cortc/cortc.hpp"
#include "cortc/signaling/websocket.hpp"
#include "judge.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <fmt/format.h>

#include <functional>
#include <stdexcept>
#include <string>

namespace asio = boost::asio;
using asio::awaitable;
using direction = cortc::RtpTransceiverDirection;
using namespace std::chrono_literals;

namespace {

std::string_view reversed(std::optional<direction> ours) {
    if (ours == direction::sendonly) return "recvonly";
    if (ours == direction::recvonly) return "sendonly";
    return ours ? to_string(*ours) : "null";
}

/// One call: the connection, its signaling, and what is asked over the data channel.
class call : public std::enable_shared_from_this<call> {
  public:
    call(const cortc::context& context, cortc::signaling::session browser)
        : context_(context), browser_(std::move(browser)), pc(context) {}

    void begin() {
        beside(signal());
        beside(trickle());
    }
    awaitable<void> offer() {
        auto made = co_await pc.createOffer();
        co_await browser_.send(made); // before the candidates that the next line makes
        co_await pc.setLocalDescription(made);
    }
    awaitable<std::string> ask(cortc::DataChannel channel, std::string what) {
        co_await channel.send(what);
        auto answer = co_await channel.receive();
        co_return std::string(answer.text());
    }
    /// What the page has to say of its transceivers, as we see ours.
    [[nodiscard]] std::string expected() const {
        std::string lines;
        for (const auto& each : pc.getTransceivers())
            lines += fmt::format("{} {} {}\n", each.mid().value_or("null"), to_string(each.kind()),
                                 reversed(each.currentDirection()));
        return lines;
    }
    awaitable<void> compare(cortc::DataChannel channel, std::string given, std::string_view what) {
        auto theirs = co_await ask(channel, "!state");
        auto ours = expected() + given + "stable";
        if (theirs != ours) fmt::print("the browser says\n{}\nand we say\n{}\n", theirs, ours);
        check(theirs == ours, what);
    }
    awaitable<void> end() {
        pc.close();
        co_await pc.closed();
        co_await browser_.close();
        if (!broken_.empty()) throw std::runtime_error(broken_);
    }

  private:
    void beside(awaitable<void> body) {
        asio::co_spawn(context_.get_executor(), std::move(body),
                       [this, self = shared_from_this()](std::exception_ptr error) {
                           try {
                               if (error) std::rethrow_exception(error);
                           } catch (const boost::system::system_error& end) {
                               if (end.code() != cortc::errc::aborted && end.code() != cortc::errc::closed)
                                   broken_ = end.what();
                           }
                       });
    }
    awaitable<void> signal() {
        for (;;) {
            auto message = co_await browser_.receive();
            if (auto* candidate = std::get_if<cortc::IceCandidate>(&message)) {
                co_await pc.addIceCandidate(*candidate);
                continue;
            }
            auto description = std::get<cortc::SessionDescription>(message);
            co_await pc.setRemoteDescription(description);
            if (description.type != cortc::SdpType::offer) continue;
            if (on_first_offer) std::exchange(on_first_offer, nullptr)();
            auto answer = co_await pc.createAnswer();
            co_await browser_.send(answer);
            co_await pc.setLocalDescription(answer);
        }
    }
    awaitable<void> trickle() {
        for (;;) {
            auto candidate = co_await pc.nextIceCandidate();
            if (candidate) co_await browser_.send(*candidate);
        }
    }

    cortc::context context_;
    cortc::signaling::session browser_;
    std::string broken_;

  public:
    cortc::PeerConnection pc;
    std::function<void()> on_first_offer;
};

awaitable<void> we_offer(cortc::context context, cortc::signaling::session browser) {
    auto one = std::make_shared<call>(context, std::move(browser));
    auto& pc = one->pc;
    cortc::MediaStream stream(context);
    auto audio = pc.addTransceiver(cortc::MediaStreamTrack(context, cortc::MediaKind::audio),
                                   cortc::RtpTransceiverInit(direction::sendrecv, {stream}));
    auto video = pc.addTransceiver("video", direction::recvonly);
    auto channel = pc.createDataChannel("main");
    co_await one->offer();
    one->begin();
    co_await pc.connected();
    co_await channel.opened();
    check(pc.signalingState() == cortc::SignalingState::stable, "stable after the browser's answer");
    check(audio.currentDirection() == direction::sendrecv, "audio goes both ways");
    check(video.currentDirection() == direction::recvonly, "video comes from the browser");
    auto first = co_await pc.nextTrack();
    auto second = co_await pc.nextTrack();
    check(first.transceiver == audio && second.transceiver == video, "a track event for each");
    check(first.streams.size() == 1 && first.streams == second.streams, "both in the browser's stream");
    check(first.streams[0].getTracks().size() == 2, "which has two tracks");
    check(!audio.sender().getParameters().codecs.empty() && !video.receiver().getParameters().codecs.empty(),
          "codecs are agreed on");
    co_await one->compare(channel, fmt::format("given audio {}\n", stream.id()),
                          "the browser's transceivers are ours");
    auto echo = co_await one->ask(channel, "beside media");
    check(echo == "beside media", "the data channel works");
    video.direction(direction::inactive);
    co_await one->offer();
    for (auto state = pc.signalingState(); state != cortc::SignalingState::stable;)
        state = co_await pc.signalingStateChanged(state);
    check(video.currentDirection() == direction::inactive && second.streams[0].getTracks().size() == 1,
          "video is on hold, and left the stream");
    co_await one->compare(channel, fmt::format("given audio {}\n", stream.id()), "on both ends");
    co_await one->end();
}

awaitable<void> browser_offers(cortc::context context, cortc::signaling::session browser) {
    auto one = std::make_shared<call>(context, std::move(browser));
    auto& pc = one->pc;
    cortc::MediaStream stream(context);
    one->on_first_offer = [&] {
        pc.addTrack(cortc::MediaStreamTrack(context, cortc::MediaKind::audio), stream);
    };
    one->begin();
    auto channel = co_await pc.nextDataChannel();
    auto audio = co_await pc.nextTrack();
    auto video = co_await pc.nextTrack();
    check(pc.signalingState() == cortc::SignalingState::stable, "stable after our answer");
    check(audio.transceiver.currentDirection() == direction::sendrecv, "our track took the offered section");
    check(video.transceiver.currentDirection() == direction::recvonly, "video comes from the browser");
    check(audio.streams == video.streams, "both in the browser's stream");
    check(pc.localDescription()->sdp.find("a=simulcast:recv q;h;f") != std::string::npos,
          "every layer is accepted");
    co_await pc.connected();
    co_await one->compare(channel, fmt::format("given audio {}\n", stream.id()),
                          "the browser's transceivers are ours");
    auto echo = co_await one->ask(channel, "beside media");
    check(echo == "beside media", "the data channel works");
    co_await channel.send("!stop");
    co_await video.track.ended();
    check(video.transceiver.stopped(), "the browser stopped video");
    for (auto state = pc.signalingState(); state != cortc::SignalingState::stable;)
        state = co_await pc.signalingStateChanged(state);
    check(pc.getTransceivers().size() == 1, "its transceiver is gone");
    check(pc.connectionState() == cortc::PeerConnectionState::connected, "the connection goes on");
    co_await one->compare(channel, fmt::format("given audio {}\n", stream.id()), "on both ends");
    co_await one->end();
}

awaitable<void> serve(asio::io_context& io, std::string page) {
    cortc::context_options options;
    options.interface_filter = [](const auto& local) { return local.address.is_loopback(); };
    cortc::context context(io.get_executor(), options);
    cortc::signaling::server_options pages;
    pages.pages["/"] = cortc::signaling::page("text/html; charset=utf-8", std::move(page));
    const asio::ip::tcp::endpoint any(asio::ip::address_v4::loopback(), 0);
    cortc::signaling::server server(io.get_executor(), any, pages);
    fmt::print("{}\n", server.url());
    std::fflush(stdout);
    auto ours = co_await server.accept();
    co_await we_offer(context, std::move(ours));
    auto theirs = co_await server.accept();
    server.close();
    co_await browser_offers(context, std::move(theirs));
}

} // namespace

int main(int argc, char** argv) {
    if (argc != 2) return 2;
    asio::io_context io;
    return judged(io, serve(io, text_of_file(argv[1])), 60s);
}
