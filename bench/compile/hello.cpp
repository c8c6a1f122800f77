// What a small user of the library compiles: two connections in this process, a message from one to the
// other. run.sh measures how long that takes.
#include "cortc/cortc.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <cstdio>
#include <exception>
#include <string>

namespace asio = boost::asio;

asio::awaitable<void> call(cortc::context context) {
    cortc::PeerConnection caller(context), callee(context);
    auto channel = caller.createDataChannel("greetings");
    co_await caller.setLocalDescription();
    co_await caller.gatheringComplete();
    auto offer = caller.localDescription().value();
    co_await callee.setRemoteDescription(offer);
    co_await callee.setLocalDescription();
    co_await callee.gatheringComplete();
    auto answer = callee.localDescription().value();
    co_await caller.setRemoteDescription(answer);
    co_await channel.opened();
    co_await channel.send("hello");
    auto arrived = co_await callee.nextDataChannel();
    auto message = co_await arrived.receive();
    std::printf("arrived: %s\n", std::string(message.text()).c_str());
}

int main() {
    asio::io_context io;
    asio::co_spawn(io, call(cortc::context(io.get_executor())), [](std::exception_ptr error) {
        if (error) std::rethrow_exception(error);
    });
    io.run();
}
