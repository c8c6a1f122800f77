// peer PAGE: serves the page (peer.html), offers to the browser that opens it, and judges what comes back.
// Exit 0: all well.
#include "cortc/cortc.hpp"
#include "cortc/crypto/hash.hpp"
#include "cortc/signaling/websocket.hpp"
#include "judge.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <fmt/format.h>

#include <optional>
#include <stdexcept>
#include <string>

namespace asio = boost::asio;
using asio::awaitable;
using namespace std::chrono_literals;

namespace {

/// `size` bytes that differ from message to message; letters if it is to be text.
cortc::bytes filled(std::size_t size, std::size_t seed, bool text) {
    cortc::bytes out(size);
    for (std::size_t i = 0; i < size; ++i)
        out[i] = static_cast<std::byte>(text ? 'a' + (i * 7 + seed) % 26 : i * 31 + i / 256 + seed);
    return out;
}

/// What the page says of messages: how many, and the SHA-256 of all their bytes.
class sum {
  public:
    void add(cortc::byte_view data) {
        ++count_;
        all_.insert(all_.end(), data.begin(), data.end());
    }
    [[nodiscard]] std::string text() const {
        auto out = fmt::format("sum {} ", count_);
        for (auto byte : cortc::crypto::sha256(cortc::byte_view(all_)))
            out += fmt::format("{:02x}", static_cast<int>(byte));
        return out;
    }
    [[nodiscard]] std::size_t size() const { return all_.size(); }

  private:
    std::size_t count_ = 0;
    cortc::bytes all_;
};

bool equal(const cortc::Message& message, bool text, const cortc::bytes& expected) {
    return message.is_text() == text && std::ranges::equal(message.data(), expected);
}

class peer : public std::enable_shared_from_this<peer> {
  public:
    peer(asio::io_context& io, const cortc::context& context, cortc::signaling::session browser)
        : io_(io), context_(context), browser_(std::move(browser)), pc_(context), clock_(context) {}

    awaitable<void> run() {
        auto channel = pc_.createDataChannel("main");
        cortc::OfferOptions plain;
        co_await offer(plain);
        beside(answers());
        beside(trickle());
        co_await pc_.connected();
        co_await channel.opened();
        check(true, "connected, and the channel is open");
        for (bool text : {true, false}) {
            co_await sizes(channel, text);
            co_await megabyte_there(channel, text);
            co_await megabyte_back(channel, text);
        }
        co_await restart();
        channel.close();
        co_await channel.closed();
        pc_.close();
        co_await pc_.closed();
        co_await browser_.close();
        check(true, "closed");
    }
    [[nodiscard]] const std::string& broken() const { return broken_; }

  private:
    void beside(awaitable<void> body) {
        asio::co_spawn(io_, std::move(body), [this, self = shared_from_this()](std::exception_ptr error) {
            try {
                if (error) std::rethrow_exception(error);
            } catch (const boost::system::system_error& end) {
                if (end.code() != cortc::errc::aborted && end.code() != cortc::errc::closed)
                    broken_ = end.what();
            }
        });
    }

    awaitable<void> offer(cortc::OfferOptions options) {
        auto description = co_await pc_.createOffer(options);
        co_await browser_.send(description); // before the candidates that the next line makes
        co_await pc_.setLocalDescription(description);
    }
    awaitable<void> answers() {
        for (;;) {
            auto message = co_await browser_.receive();
            if (auto* candidate = std::get_if<cortc::IceCandidate>(&message))
                co_await pc_.addIceCandidate(*candidate);
            else
                co_await pc_.setRemoteDescription(std::get<cortc::SessionDescription>(message));
        }
    }
    awaitable<void> trickle() {
        for (;;) {
            auto candidate = co_await pc_.nextIceCandidate();
            if (candidate) co_await browser_.send(*candidate);
        }
    }

    static awaitable<void> send(cortc::DataChannel channel, bool text, const cortc::bytes& data) {
        if (text)
            co_await channel.send(cortc::as_text(data));
        else
            co_await channel.send(cortc::byte_view(data));
    }

    awaitable<void> sizes(cortc::DataChannel channel, bool text) {
        for (std::size_t size : {0, 1, 1171, 65536, 262144}) {
            const auto data = filled(size, size, text);
            co_await send(channel, text, data);
            auto back = co_await channel.receive();
            check(equal(back, text, data),
                  fmt::format("{} of {} bytes comes back", text ? "text" : "binary", size));
        }
        co_await take_sum(channel, std::nullopt);
    }

    /// The page's sum of what it had since the last.
    awaitable<void> take_sum(cortc::DataChannel channel, std::optional<std::string> expected) {
        co_await channel.send("!sum");
        auto answer = co_await channel.receive();
        if (expected)
            check(answer.text() == *expected, "the browser's checksum of what we sent is ours: " + *expected);
    }

    awaitable<void> send_megabyte(cortc::DataChannel channel, bool text, std::shared_ptr<sum> total) {
        for (std::size_t i = 0; i < 16; ++i) {
            const auto data = filled(65536, i, text);
            total->add(data);
            co_await send(channel, text, data);
        }
    }

    awaitable<void> megabyte_there(cortc::DataChannel channel, bool text) {
        auto sent = std::make_shared<sum>();
        sum back;
        beside(send_megabyte(channel, text, sent));
        for (std::size_t i = 0; i < 16; ++i) {
            auto message = co_await channel.receive();
            back.add(message.data());
        }
        check(back.text() == sent->text(), "what came back is what was sent");
        co_await take_sum(channel, sent->text());
    }

    awaitable<void> megabyte_back(cortc::DataChannel channel, bool text) {
        const auto command = fmt::format("!make {} 4 262144", text ? "text" : "binary");
        co_await channel.send(command);
        sum arrived;
        for (int i = 0; i < 4; ++i) {
            auto message = co_await channel.receive();
            if (message.is_text() != text) throw std::runtime_error("a message of the other kind");
            arrived.add(message.data());
        }
        auto claimed = co_await channel.receive();
        check(claimed.text() == arrived.text(),
              fmt::format("the checksum of {} bytes of the browser", arrived.size()));
    }

    /// Numbered messages to the browser, which sends them back.
    awaitable<void> count_up(cortc::DataChannel channel) {
        while (flowing_) {
            auto number = std::to_string(sent_);
            ++sent_;
            co_await channel.send(number);
            co_await clock_.wait(2ms);
        }
    }
    awaitable<void> count_back(cortc::DataChannel channel) {
        for (;;) {
            auto message = co_await channel.receive();
            ++back_;
        }
    }

    awaitable<void> restart() {
        cortc::DataChannelInit lossy;
        lossy.ordered = false;
        lossy.maxRetransmits = 0;
        auto channel = pc_.createDataChannel("flow", lossy);
        co_await channel.opened();
        beside(count_up(channel));
        beside(count_back(channel));
        cortc::timer pause(context_);
        for (int i = 0; i < 5000 && back_ < 20; ++i) co_await pause.wait(1ms);
        const auto before = pc_.currentRemoteDescription();
        cortc::OfferOptions options{.iceRestart = true};
        co_await offer(options);
        co_await pc_.restarted();
        // Fifty more over the new pair, and then what is on its way.
        const auto enough = back_ + 50;
        for (int i = 0; i < 5000 && back_ < enough; ++i) co_await pause.wait(1ms);
        flowing_ = false;
        for (int i = 0; i < 2000 && back_ < sent_; ++i) co_await pause.wait(1ms);
        check(pc_.currentRemoteDescription() != before, "the browser answered the restart");
        check(back_ == sent_ && sent_ > 50,
              fmt::format("{} of {} messages came back during the restart", back_, sent_));
        channel.close();
        co_await channel.closed();
    }

    asio::io_context& io_;
    cortc::context context_;
    cortc::signaling::session browser_;
    cortc::PeerConnection pc_;
    cortc::timer clock_;
    std::size_t sent_ = 0, back_ = 0;
    bool flowing_ = true;
    std::string broken_;
};

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
    auto browser = co_await server.accept();
    server.close();
    auto judge = std::make_shared<peer>(io, context, std::move(browser));
    co_await judge->run();
    if (!judge->broken().empty()) throw std::runtime_error(judge->broken());
}

} // namespace

int main(int argc, char** argv) {
    if (argc != 2) return 2;
    asio::io_context io;
    return judged(io, serve(io, text_of_file(argv[1])), 100s);
}
