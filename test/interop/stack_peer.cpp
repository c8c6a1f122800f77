// stack_peer ROLE POLICY ABILITIES HOST [PAGE]: talks to another stack, which runs stack.mjs or does the
// same, and judges. ROLE offers or answers: what we do first. POLICY none: data channels only; balanced,
// max-compat or max-bundle: two audio sections and one video section too, by whoever offers. ABILITIES, with
// a comma between, of the other stack: restarts (ICE), counts (its application gets what came before a
// close), flushes (a close does not throw away what it has not sent). PAGE is served as /stack.mjs, and "/"
// runs it. Exit 0: all well.
#include "cortc/cortc.hpp"
#include "cortc/signaling/websocket.hpp"
#include "judge.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <string>

namespace asio = boost::asio;
using asio::awaitable;
using namespace std::chrono_literals;

namespace {

struct command_line {
    std::string role, policy;
    std::string abilities, host, page;

    [[nodiscard]] bool able(std::string_view what) const { return abilities.find(what) != std::string::npos; }
    [[nodiscard]] bool media() const { return policy != "none"; }
    [[nodiscard]] cortc::Configuration configuration() const {
        cortc::Configuration made;
        if (policy == "max-compat") made.bundlePolicy = cortc::BundlePolicy::max_compat;
        if (policy == "max-bundle") made.bundlePolicy = cortc::BundlePolicy::max_bundle;
        return made;
    }
};

/// A message of `size` bytes, other than that of another size.
std::string text_of(std::size_t size) {
    std::string made(size, ' ');
    for (std::size_t i = 0; i < size; ++i) made[i] = static_cast<char>('a' + (i * 7 + size) % 26);
    return made;
}

class judge {
  public:
    judge(const cortc::context& context, cortc::signaling::session session, const command_line& given)
        : given_(given), session_(std::move(session)), pc_(context, given.configuration()), clock_(context) {}

    awaitable<void> run() {
        if (given_.role == "offers") {
            if (given_.media()) add_media();
            control_ = pc_.createDataChannel("control");
            co_await offer(false);
        } else {
            auto offered = co_await next_description();
            co_await pc_.setRemoteDescription(offered);
            auto answer = co_await pc_.createAnswer();
            co_await pc_.setLocalDescription(answer);
            co_await send_description();
            auto control = pc_.nextDataChannel();
            control_ = co_await cortc::timeout(10s, std::move(control));
        }
        co_await cortc::timeout(20s, control_.opened());
        check(true, "the peer's channel is open");
        judge_media();
        co_await echoes("first");
        co_await channel_of_the_peer();
        for (int i = 0; i < 5; ++i) {
            co_await close_with_data_in_flight(i);
            co_await peer_closes_with_data_in_flight(i);
        }
        if (given_.able("restarts")) {
            const auto before = ufrag();
            co_await offer(true);
            co_await cortc::timeout(10s, pc_.restarted());
            check(ufrag() != before, "the restart is done");
            co_await echoes("restarted");
        }
        check(control_.readyState() == cortc::DataChannelState::open,
              "the first channel has lived through it all");
        pc_.close();
        co_await pc_.closed();
        co_await session_.close();
        check(true, "closed");
    }

  private:
    void add_media() {
        for (const auto* kind : {"audio", "audio", "video"}) (void)pc_.addTransceiver(kind);
    }

    /// Whoever offered three sections of media, none was rejected, and the policy's transports are there.
    void judge_media() {
        if (!given_.media()) return;
        const auto all = pc_.getTransceivers();
        check(all.size() == 3, fmt::format("there are {} transceivers", all.size()));
        for (const auto& each : all)
            check(each.mid() && each.currentDirection().has_value() &&
                      *each.currentDirection() != cortc::RtpTransceiverDirection::stopped,
                  fmt::format("section {} was agreed upon", each.mid().value_or("null")));
    }

    awaitable<void> offer(bool restart) {
        cortc::OfferOptions options{.iceRestart = restart};
        auto offered = co_await pc_.createOffer(options);
        co_await pc_.setLocalDescription(offered);
        co_await send_description();
        auto answered = co_await next_description();
        co_await pc_.setRemoteDescription(answered);
    }
    /// With all its candidates.
    awaitable<void> send_description() {
        co_await pc_.gatheringComplete();
        const auto whole = pc_.localDescription().value();
        if (standard_error::wanted()) fmt::print(stderr, "{}\n", whole.sdp);
        co_await session_.send(whole);
    }
    awaitable<cortc::SessionDescription> next_description() {
        for (;;) {
            auto received = session_.receive();
            auto message = co_await cortc::timeout(20s, std::move(received));
            if (auto* found = std::get_if<cortc::SessionDescription>(&message)) {
                if (standard_error::wanted()) fmt::print(stderr, "{}\n", found->sdp);
                co_return *found;
            }
            co_await pc_.addIceCandidate(std::get<cortc::IceCandidate>(message));
        }
    }
    [[nodiscard]] std::string ufrag() const {
        return pc_.sctp()->transport().iceTransport().getLocalParameters()->usernameFragment;
    }

    awaitable<std::string> ask(std::string question) {
        co_await control_.send(question);
        auto reply = co_await cortc::timeout(10s, control_.receive());
        co_return std::string(reply.text());
    }

    awaitable<cortc::DataChannel> open(std::string label) {
        auto channel = pc_.createDataChannel(label);
        co_await cortc::timeout(10s, channel.opened());
        co_return channel;
    }

    awaitable<void> echoes(std::string label) {
        auto channel = co_await open("echo " + label);
        for (const std::size_t size : {1u, 1200u, 16000u, 65000u}) {
            const auto sent = text_of(size);
            co_await channel.send(sent);
            auto text = co_await cortc::timeout(10s, channel.receive());
            check(text.is_text() && text.text() == sent,
                  fmt::format("{}: text of {} bytes comes back", label, size));
            co_await channel.send(cortc::as_bytes(sent));
            auto binary = co_await cortc::timeout(10s, channel.receive());
            check(!binary.is_text() && std::ranges::equal(binary.data(), cortc::as_bytes(sent)),
                  fmt::format("{}: binary of {} bytes comes back", label, size));
        }
        channel.close();
        co_await cortc::timeout(10s, channel.closed());
    }

    awaitable<void> channel_of_the_peer() {
        co_await control_.send("open theirs");
        auto next = pc_.nextDataChannel();
        auto channel = co_await cortc::timeout(10s, std::move(next));
        check(channel.label() == "echo theirs", "the peer opens a channel");
        co_await channel.send("hello");
        auto back = co_await cortc::timeout(10s, channel.receive());
        check(back.text() == "hello", "and it works");
        channel.close();
        co_await cortc::timeout(10s, channel.closed());
    }

    awaitable<void> close_with_data_in_flight(int round) {
        const auto label = fmt::format("sink {}", round);
        auto channel = co_await open(label);
        const auto data = text_of(1000);
        for (int i = 0; i < messages; ++i) co_await channel.send(data);
        channel.close();
        co_await cortc::timeout(10s, channel.closed());
        if (!given_.able("counts")) co_return;
        std::string count;
        for (int i = 0; i < 100 && count != std::to_string(messages); ++i) {
            count = co_await ask("count " + label);
            co_await clock_.wait(10ms);
        }
        check(count == std::to_string(messages),
              fmt::format("round {}: the peer has all {} messages before our close", round, count));
    }

    awaitable<void> peer_closes_with_data_in_flight(int round) {
        const auto label = fmt::format("burst {}", round);
        co_await control_.send("burst " + label);
        auto next = pc_.nextDataChannel();
        auto channel = co_await cortc::timeout(10s, std::move(next));
        int count = 0;
        try {
            for (;; ++count) {
                auto message = co_await cortc::timeout(10s, channel.receive());
                if (message.size() != 1000) throw std::runtime_error("a message of another size");
            }
        } catch (const cortc::Error& end) {
            if (end.code() != cortc::errc::closed) throw;
        }
        check(count == messages || !given_.able("flushes"),
              fmt::format("round {}: we have {} messages from before the peer's close", round, count));
    }

    static constexpr int messages = 20;
    const command_line& given_;
    cortc::signaling::session session_;
    cortc::PeerConnection pc_;
    cortc::timer clock_;
    cortc::DataChannel control_;
};

awaitable<void> serve(asio::io_context& io, const command_line& given, cortc::log_sink& log) {
    const auto address = asio::ip::make_address(given.host);
    cortc::context_options options;
    options.interface_filter = [address](const auto& local) { return local.address == address; };
    options.log = &log;
    options.least_level = standard_error::least();
    cortc::context context(io.get_executor(), options);
    const asio::ip::tcp::endpoint any(address, 0);
    cortc::signaling::server_options pages;
    if (!given.page.empty()) {
        pages.pages["/stack.mjs"] =
            cortc::signaling::page("text/javascript; charset=utf-8", text_of_file(given.page));
        pages.pages["/"] = cortc::signaling::page(
            "text/html; charset=utf-8",
            fmt::format("<!doctype html><meta charset=utf-8><link rel=icon href='data:,'><script type=module>"
                        "import {{ play }} from './stack.mjs';"
                        "const socket = new WebSocket(`ws://${{location.host}}/`);"
                        "socket.onopen = () => play(new RTCPeerConnection(), socket, '{}', {});</script>",
                        given.role == "offers" ? "answers" : "offers", given.media()));
    }
    cortc::signaling::server server(io.get_executor(), any, pages);
    fmt::print("{}\n", server.url());
    std::fflush(stdout);
    auto session = co_await server.accept();
    server.close();
    judge judging(context, std::move(session), given);
    co_await judging.run();
}

} // namespace

int main(int argc, char** argv) {
    if (argc < 5) return 2;
    const command_line given{argv[1], argv[2], argv[3], argv[4], argc > 5 ? argv[5] : ""};
    asio::io_context io;
    standard_error log;
    return judged(io, serve(io, given, log), 90s);
}
