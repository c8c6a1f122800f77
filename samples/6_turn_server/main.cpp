// A TURN server: relays for those that cannot reach each other, with credentials from a web service.
#include "arguments.hpp"
#include "cortc/net/asio_network.hpp"
#include "cortc/turn/server.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include <cstdio>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

namespace asio = boost::asio;
namespace turn = cortc::turn;
using asio::awaitable;
using namespace std::chrono_literals;

// Every allocation has two lines, its begin and its end.
class console final : public cortc::log_sink {
  public:
    void write(cortc::log_level, std::string_view, std::string_view message) noexcept override {
        std::fwrite(message.data(), 1, message.size(), stdout);
        std::fputc('\n', stdout);
    }
};

std::vector<std::string> split(std::string_view list, char at) {
    std::vector<std::string> parts;
    for (std::size_t begin = 0; begin < list.size();) {
        const auto end = std::min(list.find(at, begin), list.size());
        parts.emplace_back(list.substr(begin, end - begin));
        begin = end + 1;
    }
    return parts;
}

// "name:password"; with more than one it would be a look-up in a table.
auto one_user(std::string given) {
    const auto colon = given.find(':');
    if (colon == given.npos) throw std::invalid_argument("--user: is NAME:PASSWORD");
    return [name = given.substr(0, colon), password = given.substr(colon + 1)](std::string_view asked) {
        return asked == name ? std::optional(turn::user_secret(password)) : std::nullopt;
    };
}

std::string content_of(const std::string& file) {
    std::ifstream in(file);
    if (!in) throw std::invalid_argument("the file \"" + file + "\" cannot be read");
    return {std::istreambuf_iterator<char>(in), {}};
}

turn::server_options read_options(arguments& given, const cortc::endpoint& at) {
    turn::server_options options;
    options.realm = given.text("--realm", "cortc");
    options.software = "cortc";
    if (const auto secret = given.text("--secret", {}); !secret.empty()) options.rest_secrets = {secret};
    if (const auto user = given.text("--user", {}); !user.empty()) options.users = one_user(user);
    if (given.text("--tcp", "yes") == "yes") options.tcp = {at};
    if (const auto tls = given.number<std::uint16_t>("--tls-port", 0, 0, 65535); tls != 0) {
        options.tls = {{at.address, tls}};
        options.certificate_pem = content_of(given.text("--certificate", {}));
        options.key_pem = content_of(given.text("--key", {}));
    }
    options.first_port = given.number<std::uint16_t>("--first-port", 49152, 0, 65535);
    options.last_port = given.number<std::uint16_t>("--last-port", 65535, 0, 65535);
    options.limit.allocations_per_user = given.number<std::size_t>("--quota", 100, 1, 65535);
    options.allowed_peers =
        split(given.text("--allow", at.address.is_loopback() ? "127.0.0.0/8,::1" : ""), ',');
    // A NAT in front, as clouds have it: clients are told its address, sockets are bound to ours.
    if (const auto external = given.text("--external", {}); !external.empty())
        options.relays = {turn::relay_address(at.address, asio::ip::make_address(external))};
    return options;
}

// At a signal new clients are turned away, and those who are here have some time to leave.
awaitable<void> stop_gently(turn::server& server, std::chrono::seconds grace) {
    auto executor = co_await asio::this_coro::executor;
    asio::signal_set signals(executor, SIGINT, SIGTERM);
    co_await signals.async_wait(asio::use_awaitable);
    server.stop_accepting();
    fmt::print("stopping: {} allocations are left\n", server.allocations());
    asio::steady_timer clock(executor);
    for (auto left = std::chrono::milliseconds(grace); left > 0s && server.allocations() != 0;
         left -= 100ms) {
        clock.expires_after(100ms);
        co_await clock.async_wait(asio::use_awaitable);
    }
}

int main(int argc, char** argv) try {
    std::setvbuf(stdout, nullptr, _IOLBF, 0); // each line at once, into a pipe too
    arguments given(argc, argv);
    const cortc::endpoint at{asio::ip::make_address(given.text("--host", "127.0.0.1")),
                             given.number<std::uint16_t>("--port", 3478, 0, 65535)};
    const auto grace = std::chrono::seconds(given.number("--grace", 30, 0, 86400));
    const auto options = read_options(given, at);
    given.end();

    asio::io_context io;
    console log;
    cortc::net::asio_network network(io.get_executor());
    std::optional<turn::server> server;
    server.emplace(network, options, at, cortc::logger(&log, cortc::log_level::info, "turn"));
    fmt::print("turn:{} (Ctrl-C ends)\n", cortc::to_string(server->listening().front()));

    asio::co_spawn(io, stop_gently(*server, grace), [&](std::exception_ptr) {
        const auto total = server->statistics();
        fmt::print("{} allocations, {} bytes to peers and {} to clients\n", total.allocations_made,
                   total.bytes_to_peers, total.bytes_to_clients);
        server.reset();
    });
    io.run(); // ends by itself when everything is closed
} catch (const std::exception& error) {
    fmt::print(
        stderr,
        "{}\nusage: {} --secret SECRET | --user NAME:PASSWORD [--host ADDRESS] [--port PORT] [--tcp yes|no]\n"
        "       [--tls-port PORT --certificate FILE --key FILE] [--realm REALM] [--external ADDRESS] "
        "[--first-port PORT] [--last-port PORT]\n"
        "       [--allow RANGE,...] [--quota ALLOCATIONS] [--grace SECONDS]\n",
        error.what(), argv[0]);
    return 1;
}
