// What a rush of handshakes does to an established connection of the same context (bench/README.md).
// Prints one line of key=value for a command.
#include "bench/support/pair.hpp"
#include "cortc/crypto/backend.hpp"

#include <boost/asio/post.hpp>

#include <sched.h>

#include <array>
#include <cstdio>
#include <cstring>
#include <memory>
#include <stdexcept>

using namespace bench;
using namespace cortc;
using namespace std::chrono_literals;

namespace {

// ---- one: both ends of a handshake, in memory

std::shared_ptr<const crypto::certificate> new_certificate() {
    const auto now = std::chrono::time_point_cast<unix_time::duration>(std::chrono::system_clock::now());
    auto made = crypto::default_backend().generate_certificate(crypto::key_type::ecdsa_p256, now);
    if (!made) throw std::runtime_error("no certificate");
    return *made;
}

std::unique_ptr<crypto::dtls_session> new_session(dtls_role role,
                                                  const std::shared_ptr<const crypto::certificate>& own,
                                                  const crypto::certificate& peer) {
    crypto::dtls_options options;
    options.role = role;
    options.cert = own;
    options.remote_fingerprints = {
        {crypto::hash_algorithm::sha256, peer.fingerprint(crypto::hash_algorithm::sha256)}};
    return crypto::default_backend().make_dtls_session(std::move(options)).value();
}

void carry(crypto::dtls_session& from, crypto::dtls_session& to, time_point now) {
    std::array<std::byte, 1500> packet;
    while (const auto size = from.poll_transmit(packet))
        to.handle_packet(byte_view(packet.data(), *size), now);
}

int one(int count) {
    const auto first = new_certificate(), second = new_certificate();
    std::vector<double> samples;
    for (int i = 0; i < count + 1; ++i) {
        const stopwatch watch;
        auto client = new_session(dtls_role::client, first, *second);
        auto server = new_session(dtls_role::server, second, *first);
        const auto now = time_point(1s);
        server->start(now);
        client->start(now);
        for (int flight = 0; flight < 10 && server->state() != crypto::dtls_state::connected; ++flight) {
            carry(*client, *server, now);
            carry(*server, *client, now);
        }
        if (client->state() != crypto::dtls_state::connected) throw std::runtime_error("no handshake");
        if (i > 0) samples.push_back(watch.cpu() * 1e3); // the first one warms up
    }
    std::printf("one both_ends_cpu_ms=%.2f\n", median(samples));
    return 0;
}

// ---- storm: echo delay while others shake hands

asio::awaitable<void> reflect(DataChannel in) {
    for (;;) {
        auto message = co_await in.receive();
        co_await in.send(message);
    }
}

/// Sends the time once in a millisecond, whatever comes back and when, so that a stall counts with all the
/// messages that it delayed. Everything happens on the channel's executor.
class echo {
  public:
    explicit echo(end& from) : channel_(from.channel), clock_(from.where), patience_(from.where) {}

    asio::awaitable<void> send() {
        for (auto next = clock_.now();; next += 1ms) {
            co_await clock_.wait(next - clock_.now());
            const auto now = wall_clock::now();
            (void)channel_.trySend(byte_view(reinterpret_cast<const std::byte*>(&now), sizeof now));
        }
    }
    asio::awaitable<void> receive() {
        for (;;) {
            const auto message = co_await channel_.receive();
            std::memcpy(&latest_, message.data().data(), sizeof latest_);
            if (latest_ >= begin_ && latest_ < end_) samples.push_back(seconds_since(latest_) * 1e6);
        }
    }

    /// What is sent from now on counts, whenever it comes back.
    asio::awaitable<void> begin() {
        begin_ = wall_clock::now();
        end_ = wall_clock::time_point::max();
        co_return;
    }
    /// What is sent from now on does not. Returns when all that counts is back: they come in order.
    asio::awaitable<void> end_and_drain() {
        end_ = wall_clock::now();
        while (latest_ < end_) {
            if (seconds_since(end_) > 10) throw std::runtime_error("echoes do not come back");
            co_await patience_.wait(1ms);
        }
    }

    std::vector<double> samples{};

  private:
    DataChannel channel_;
    timer clock_, patience_;
    wall_clock::time_point begin_ = wall_clock::time_point::max(), end_ = begin_, latest_{};
};

struct rush {
    int running = 0;
    double last_open_ms = 0;
};

asio::awaitable<void> join_rush(pair& p, rush& all, const stopwatch& since) {
    co_await connect(p);
    all.last_open_ms = since.wall() * 1e3;
    --all.running;
}

/// The server's context, the clients of the rush, and the client of the echo have a thread each.
asio::awaitable<void> storm(context clients, context server, context echoing, int count, int times) {
    pair established(echoing, server);
    co_await connect(established);
    spawn(server, reflect(established.b.channel));
    auto delays = std::make_shared<echo>(established.a);
    spawn(echoing, delays->send());
    spawn(echoing, delays->receive());
    timer clock(clients);
    co_await clock.wait(200ms);

    std::vector<double> open;
    for (int i = 0; i < times; ++i) {
        std::vector<std::unique_ptr<pair>> pairs;
        for (int k = 0; k < count; ++k) pairs.push_back(std::make_unique<pair>(clients, server));
        co_await asio::co_spawn(echoing.get_executor(), delays->begin(), asio::use_awaitable);
        rush all{count};
        const stopwatch watch;
        for (auto& each : pairs)
            asio::co_spawn(clients.get_executor(), join_rush(*each, all, watch),
                           [](std::exception_ptr error) {
                               if (error) std::rethrow_exception(error);
                           });
        if (count == 0) co_await clock.wait(500ms); // the delay of a quiet server
        while (all.running > 0) co_await clock.wait(1ms);
        co_await asio::co_spawn(echoing.get_executor(), delays->end_and_drain(), asio::use_awaitable);
        open.push_back(all.last_open_ms);
        for (auto& each : pairs) co_await disconnect(*each);
    }
    co_await disconnect(established);
    std::printf("storm echo_median_us=%.0f echo_p99_us=%.0f echo_max_us=%.0f all_open_ms=%.0f\n",
                median(delays->samples), quantile(delays->samples, .99), quantile(delays->samples, 1),
                median(open));
}

/// Half of the processors for the calling thread: the clients of a rush, which elsewhere have machines of
/// their own, are not to take the processor that the server's context runs on.
void use_half(bool second) {
    cpu_set_t all, half;
    CPU_ZERO(&all);
    CPU_ZERO(&half);
    if (sched_getaffinity(0, sizeof all, &all) != 0) return;
    const int count = CPU_COUNT(&all);
    for (int cpu = 0, seen = 0; cpu < CPU_SETSIZE; ++cpu)
        if (CPU_ISSET(cpu, &all) && (seen++ >= count / 2) == second) CPU_SET(cpu, &half);
    if (count > 1) sched_setaffinity(0, sizeof half, &half);
}

int usage() {
    std::fputs("usage: handshake_cortc one N | storm HANDSHAKES TIMES [worker]\n", stderr);
    return 2;
}

} // namespace

int main(int argc, char** argv) {
    const std::vector<std::string> arguments(argv + 1, argv + argc);
    if (arguments.size() == 2 && arguments[0] == "one") return one(std::atoi(arguments[1].c_str()));
    if (arguments.size() < 3 || arguments[0] != "storm") return usage();

    asio::io_context io(1);
    loop serving, echoing, working;
    auto options = loopback();
    if (arguments.size() > 3) options.worker = working.executor();
    for (auto* each : {&serving, &echoing}) asio::post(each->executor(), [] { use_half(false); });
    asio::post(working.executor(), [] { use_half(true); });
    use_half(true);
    {
        const context clients(io.get_executor(), loopback()), server(serving.executor(), options),
            echo_client(echoing.executor(), loopback());
        asio::co_spawn(io,
                       storm(clients, server, echo_client, std::atoi(arguments[1].c_str()),
                             std::atoi(arguments[2].c_str())),
                       [](std::exception_ptr error) {
                           if (error) std::rethrow_exception(error);
                       });
        io.run();
        for (auto* each : {&echoing, &serving, &working}) each->join();
    }
}
