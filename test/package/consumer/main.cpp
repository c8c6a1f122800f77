// Two connections in this process: a message goes from one to the other, over the loopback. With
// USE_SIGNALING the descriptions go by HTTP. Errors are caught as what they are, also those that a shared
// library throws, and a line is logged, which formats it here.
#include "cortc/cortc.hpp"
#if defined(USE_SIGNALING)
#include "cortc/signaling/http.hpp"
#endif

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include <chrono>
#include <cstdio>
#include <exception>
#include <string>
#include <string_view>

namespace asio = boost::asio;
using namespace std::chrono_literals;

#if defined(USE_SIGNALING)
asio::awaitable<cortc::SessionDescription> exchange(cortc::PeerConnection& callee,
                                                    cortc::SessionDescription offer) {
    const auto executor = callee.get_context().get_executor();
    cortc::signaling::http_options options;
    options.posts["/offer"] = cortc::signaling::answer_offers(
        [&callee](auto posted) { return cortc::answer(callee, std::move(posted)); });
    cortc::signaling::http_server server(executor, {asio::ip::address_v4::loopback(), 0}, options);
    const auto url = server.url() + "offer";
    co_return co_await cortc::signaling::post_offer(executor, url, offer);
}
#else
asio::awaitable<cortc::SessionDescription> exchange(cortc::PeerConnection& callee,
                                                    cortc::SessionDescription offer) {
    return cortc::answer(callee, std::move(offer));
}
#endif

asio::awaitable<std::string> call(cortc::context context) {
    cortc::PeerConnection caller(context), callee(context);
    auto channel = caller.createDataChannel("greetings");
    co_await caller.setLocalDescription();
    co_await caller.gatheringComplete();
    auto offer = caller.localDescription().value();
    auto answer = co_await exchange(callee, offer);
    co_await caller.setRemoteDescription(answer);
    co_await channel.opened();
    co_await channel.send("hello");
    auto arrived = co_await callee.nextDataChannel();
    auto message = co_await arrived.receive();
    co_return std::string(message.text());
}

class printer final : public cortc::log_sink {
  public:
    void write(cortc::log_level, std::string_view component, std::string_view message) noexcept override {
        std::printf("%.*s: %.*s\n", static_cast<int>(component.size()), component.data(),
                    static_cast<int>(message.size()), message.data());
    }
};

template <class Caught>
bool throws(const cortc::context& context) {
    cortc::PeerConnection pc(context);
    pc.close();
    try {
        (void)pc.createDataChannel("too late");
    } catch (const Caught& error) {
        return error.code() == cortc::errc::invalid_state &&
               error.code().category() == cortc::error_category();
    }
    return false;
}

int main() try {
    printer sink;
    asio::io_context io;
    cortc::context_options options;
    options.interface_filter = [](const auto& local) { return local.address.is_loopback(); };
    cortc::context context(io.get_executor(), options);
    auto said = asio::co_spawn(io, cortc::timeout(context, 30s, call(context)), asio::use_future);
    io.run();
    const auto text = said.get();
    const bool caught = throws<cortc::Error>(context) && throws<boost::system::system_error>(context);
    cortc::logger(&sink, cortc::log_level::info, "arrived").info("{}", text);
    return text == "hello" && caught ? 0 : 1;
} catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
}
