#include "cortc/net/asio_network.hpp"
#include "cortc/net/impl/interfaces.hpp"
#include "cortc/net/send_batch.hpp"

#include "allocations.hpp"
#include "test/support/catch.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <cstring>
#include <sstream>

#include <net/if.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace cortc;
using namespace std::chrono_literals;

namespace {

/// A socket on a loopback address that keeps what arrives.
struct peer final : net::datagram_handler {
    peer(net::network& over, std::string_view address)
        : socket(over.open_udp({boost::asio::ip::make_address(address), 0}, *this).value()) {}

    void handle_batch(net::udp_socket& from, std::span<const net::datagram> batch) override {
        CHECK(&from == socket.get());
        CHECK_FALSE(batch.empty());
        ++batches;
        for (const auto& one : batch) {
            texts.emplace_back(as_text(one.data));
            sources.push_back(one.source);
            marks.push_back(one.mark);
        }
    }
    void send(const endpoint& to, const std::vector<std::string>& data, net::ecn mark = net::ecn::not_ect) {
        std::vector<net::outgoing> batch;
        for (const auto& one : data) batch.push_back({as_bytes(one), to, mark});
        socket->send(batch);
    }

    std::vector<std::string> texts;
    std::vector<endpoint> sources;
    std::vector<net::ecn> marks;
    std::size_t batches = 0;
    std::unique_ptr<net::udp_socket> socket;
};

/// Runs until `done` holds; the time is a guard, nothing waits for it.
template <class Done>
bool run(boost::asio::io_context& io, Done done) {
    const auto end = std::chrono::steady_clock::now() + 10s;
    while (!done() && std::chrono::steady_clock::now() < end) {
        if (io.stopped()) io.restart();
        io.run_one_for(100ms);
    }
    return done();
}

/// True when the io_context runs out of work.
bool runs_dry(boost::asio::io_context& io) {
    io.restart();
    io.run_for(10s);
    return io.stopped();
}

/// The descriptor of a socket, found by its port.
int descriptor_of(const net::udp_socket& socket) {
    for (int fd = 3; fd < 1024; ++fd) {
        sockaddr_in bound{};
        socklen_t size = sizeof(bound);
        if (::getsockname(fd, reinterpret_cast<sockaddr*>(&bound), &size) == 0 &&
            bound.sin_family == AF_INET && ntohs(bound.sin_port) == socket.local().port)
            return fd;
    }
    return -1;
}

bool kernel_segments() {
    const int fd = ::socket(AF_INET, SOCK_DGRAM, 0);
    const int off = 0;
    const bool can = ::setsockopt(fd, SOL_UDP, UDP_SEGMENT, &off, sizeof(off)) == 0;
    ::close(fd);
    return can;
}

/// Datagrams of these sizes, each with contents of its own.
std::vector<std::string> numbered(const std::vector<std::size_t>& sizes) {
    std::vector<std::string> all;
    for (auto size : sizes) all.emplace_back(size, static_cast<char>('0' + all.size() % 64));
    return all;
}

std::vector<std::string> loopbacks() {
    boost::asio::io_context io;
    net::asio_network over(io.get_executor());
    std::vector<std::string> found;
    for (const auto& one : over.interfaces())
        if (one.kind == net::interface_kind::loopback) found.push_back(one.address.to_string());
    return found;
}

} // namespace

TEST_CASE("batches arrive complete and in order, with and without offload") {
    const auto gso = GENERATE(true, false), gro = GENERATE(true, false);
    for (const auto& address : loopbacks()) {
        CAPTURE(gso, gro, address);
        boost::asio::io_context io;
        net::asio_network over(io.get_executor(), {.gso = gso, .gro = gro});
        peer a(over, address), b(over, address);
        CHECK(a.socket->local().port != 0);
        std::vector<std::size_t> sizes(20, 1200);
        for (std::size_t size : {700, 1200, 1200, 1, 0, 0, 1472, 1472, 3}) sizes.push_back(size);
        sizes.insert(sizes.end(), 130, 100); // more than one run may hold
        const auto sent = numbered(sizes);
        a.send(b.socket->local(), sent);
        REQUIRE(run(io, [&] { return b.texts.size() >= sent.size(); }));
        CHECK(b.texts == sent);
        CHECK(b.sources.front() == a.socket->local());
        CHECK(a.socket->stats().datagrams_sent == sent.size());
        CHECK(a.socket->stats().send_dropped == 0);
        CHECK(b.socket->stats().datagrams_received == sent.size());
        CHECK(b.socket->stats().bytes_received == a.socket->stats().bytes_sent);
        b.send(a.socket->local(), {"back"});
        CHECK(run(io, [&] { return a.texts.size() == 1; }));
    }
}

TEST_CASE("an equal-sized run is one system call, a different size or destination begins another") {
    if (!kernel_segments()) return;
    boost::asio::io_context io;
    net::asio_network over(io.get_executor());
    peer a(over, "127.0.0.1"), b(over, "127.0.0.1"), c(over, "127.0.0.1");
    a.send(b.socket->local(), numbered(std::vector<std::size_t>(40, 1200)));
    CHECK(a.socket->stats().send_calls == 1);
    a.send(b.socket->local(), numbered(std::vector<std::size_t>(60, 1200))); // over 65,000 bytes
    CHECK(a.socket->stats().send_calls == 3);
    const std::string text(100, 'x');
    const std::vector<net::outgoing> mixed{{as_bytes(text), b.socket->local()},
                                           {as_bytes(text), c.socket->local()},
                                           {as_bytes(text), b.socket->local(), net::ecn::ect1},
                                           {as_bytes(text), b.socket->local()}};
    a.socket->send(mixed); // one sendmmsg
    CHECK(a.socket->stats().send_calls == 4);
    REQUIRE(run(io, [&] { return b.texts.size() == 103 && c.texts.size() == 1; }));
    CHECK(b.batches < 20);
}

TEST_CASE("a socket that refuses segmentation falls back for good and loses nothing") {
    if (!kernel_segments()) return;
    boost::asio::io_context io;
    net::asio_network over(io.get_executor());
    peer a(over, "127.0.0.1"), b(over, "127.0.0.1");
    const int fd = descriptor_of(*a.socket);
    REQUIRE(fd >= 0);
    const int on = 1; // Linux segments nothing that has no checksum: EINVAL
    REQUIRE(::setsockopt(fd, SOL_SOCKET, SO_NO_CHECK, &on, sizeof(on)) == 0);
    const auto sent = numbered(std::vector<std::size_t>(10, 500));
    a.send(b.socket->local(), sent);
    REQUIRE(run(io, [&] { return b.texts.size() >= sent.size(); }));
    CHECK(b.texts == sent);
    CHECK(a.socket->stats().datagrams_sent == 10);
    CHECK(a.socket->stats().send_calls == 2); // refused, then sent
    a.send(b.socket->local(), sent);
    CHECK(a.socket->stats().send_calls == 3);
}

TEST_CASE("a datagram that is too long or has no way is counted, the others go out") {
    boost::asio::io_context io;
    net::asio_network over(io.get_executor());
    peer a(over, "127.0.0.1"), b(over, "127.0.0.1");
    const std::string giant(65508, 'x');
    const std::vector<net::outgoing> batch{
        {as_bytes("first"), b.socket->local()},
        {as_bytes(giant), b.socket->local()},
        {as_bytes("second"), {boost::asio::ip::make_address("::1"), 9}}, // not for an IPv4 socket
        {as_bytes("third"), b.socket->local()}};
    a.socket->send(batch);
    CHECK(a.socket->stats().datagrams_sent == 2);
    CHECK(a.socket->stats().send_dropped == 2);
    REQUIRE(run(io, [&] { return b.texts.size() == 2; }));
    CHECK(b.texts == std::vector<std::string>{"first", "third"});
    a.send({boost::asio::ip::make_address("127.0.0.1"), 1}, {"closed"}); // an ICMP error comes back
    a.send(b.socket->local(), {"fourth"});
    CHECK(run(io, [&] { return b.texts.size() == 3; }));
}

TEST_CASE("a full send buffer drops and counts") {
    boost::asio::io_context io;
    net::asio_network over(io.get_executor(), {.receive_buffer = 4096});
    peer a(over, "127.0.0.1"), b(over, "127.0.0.1");
    for (int i = 0; i < 100; ++i) a.send(b.socket->local(), numbered(std::vector<std::size_t>(64, 1000)));
    const auto& stats = a.socket->stats();
    CHECK(stats.datagrams_sent + stats.send_dropped == 6400);
    REQUIRE(run(io, [&] { return !b.texts.empty(); }));
    a.send(b.socket->local(), {"still works"});
    CHECK(run(io, [&] { return b.texts.back() == "still works"; }));
}

TEST_CASE("ECN marks travel") {
    for (const auto& address : loopbacks()) {
        CAPTURE(address);
        boost::asio::io_context io;
        net::asio_network over(io.get_executor());
        peer a(over, address), b(over, address);
        for (auto mark : {net::ecn::ect1, net::ecn::ect0, net::ecn::not_ect, net::ecn::ce})
            a.send(b.socket->local(), {"xx", "yy"}, mark); // a run
        a.send(b.socket->local(), {"z"}, net::ecn::ect1);  // a single one
        REQUIRE(run(io, [&] { return b.marks.size() == 9; }));
        using enum net::ecn;
        CHECK(b.marks == std::vector{ect1, ect1, ect0, ect0, not_ect, not_ect, ce, ce, ect1});
    }
}

TEST_CASE("a send batch goes through real sockets") {
    boost::asio::io_context io;
    net::asio_network over(io.get_executor());
    peer a(over, "127.0.0.1"), b(over, "127.0.0.1");
    net::send_batch batch;
    for (int i = 0; i < 100; ++i) { // flushes itself once
        auto room = batch.prepare();
        room[0] = std::byte{1};
        room[1] = static_cast<std::byte>(i);
        batch.commit(*a.socket, b.socket->local(), 2);
    }
    batch.flush();
    REQUIRE(run(io, [&] { return b.texts.size() == 100; }));
    CHECK(static_cast<unsigned char>(b.texts[99][1]) == 99);
}

TEST_CASE("a handler may destroy its socket, the others and the network") {
    struct breaker final : net::datagram_handler {
        std::vector<std::unique_ptr<net::udp_socket>> sockets;
        std::unique_ptr<net::asio_network> over;
        std::size_t datagrams = 0;
        void handle_batch(net::udp_socket&, std::span<const net::datagram> batch) override {
            sockets.clear();
            over.reset();
            for (const auto& one : batch) datagrams += as_text(one.data) == std::string(10, 'x') ? 1u : 0u;
        }
    } handler;
    boost::asio::io_context io;
    net::asio_network sending(io.get_executor());
    {
        peer a(sending, "127.0.0.1");
        handler.over = std::make_unique<net::asio_network>(io.get_executor());
        for (int i = 0; i < 3; ++i)
            handler.sockets.push_back(
                handler.over->open_udp({boost::asio::ip::make_address("127.0.0.1"), 0}, handler).value());
        for (const auto& socket : handler.sockets)
            a.send(socket->local(), std::vector<std::string>(5, std::string(10, 'x')));
        REQUIRE(run(io, [&] { return handler.datagrams > 0; }));
    }
    CHECK(runs_dry(io));
    CHECK(handler.datagrams == 5);
}

TEST_CASE("destroying a socket leaves no work behind") {
    boost::asio::io_context io;
    net::asio_network over(io.get_executor());
    {
        peer a(over, "127.0.0.1");
        io.poll();
        CHECK_FALSE(io.stopped());
    }
    CHECK(runs_dry(io));
    peer unused(
        over,
        "127.0.0.1"); // its wait is pending when the io_context goes; declared after it, so destroyed first
}

TEST_CASE("a busy socket lets other work have its turn") {
    boost::asio::io_context io;
    net::asio_network over(io.get_executor(),
                           {.gso = false, .gro = false, .receive_slots = 1, .batches_per_wake = 2});
    peer a(over, "127.0.0.1"), b(over, "127.0.0.1");
    a.send(b.socket->local(), numbered(std::vector<std::size_t>(50, 10)));
    REQUIRE(run(io, [&] { return b.texts.size() >= 2; }));
    CHECK(b.texts.size() == 2); // one wake-up, two batches of one slot
    CHECK(run(io, [&] { return b.texts.size() == 50; }));
}

TEST_CASE("opening fails with the kernel's error") {
    boost::asio::io_context io;
    net::asio_network over(io.get_executor());
    peer a(over, "127.0.0.1");
    auto taken = over.open_udp(a.socket->local(), a);
    REQUIRE_FALSE(taken);
    CHECK(taken.error() == boost::system::errc::address_in_use);
    auto foreign = over.open_udp({boost::asio::ip::make_address("192.0.2.1"), 0}, a);
    REQUIRE_FALSE(foreign);
    CHECK(foreign.error() == boost::system::errc::address_not_available);
}

TEST_CASE("the steady state allocates nothing") {
    if (!counts_allocations()) return;
    struct echo final : net::datagram_handler {
        std::size_t count = 0;
        std::unique_ptr<net::udp_socket> socket;
        void handle_batch(net::udp_socket& from, std::span<const net::datagram> batch) override {
            count += batch.size();
            for (const auto& one : batch) {
                const net::outgoing back{one.data, one.source};
                from.send({&back, 1});
            }
        }
    } left, right;
    boost::asio::io_context io(1);
    net::asio_network over(io.get_executor());
    const endpoint any{boost::asio::ip::make_address("127.0.0.1"), 0};
    left.socket = over.open_udp(any, left).value();
    right.socket = over.open_udp(any, right).value();
    std::size_t expiries = 0;
    std::unique_ptr<net::timer> timer;
    timer = over.make_timer([&] {
        ++expiries;
        timer->arm(over.now() + 1h);
        timer->arm(over.now()); // earlier: cancels a wait
    });
    timer->arm(over.now());
    const std::vector<net::outgoing> start(8, {as_bytes("ball"), right.socket->local()});
    left.socket->send(start);
    REQUIRE(run(io, [&] { return left.count > 200 && expiries > 200; }));
    const auto before = allocations();
    const auto counted = left.count;
    REQUIRE(run(io, [&] { return left.count > counted + 2000 && expiries > 2000; }));
    CHECK(allocations() - before == 0);
}

TEST_CASE("interfaces have the loopback and nothing link-local") {
    boost::asio::io_context io;
    net::asio_network over(io.get_executor());
    bool loopback = false;
    for (const auto& one : over.interfaces()) {
        CHECK_FALSE(one.name.empty());
        CHECK_FALSE(one.address.is_unspecified());
        if (one.address.is_v6()) CHECK_FALSE(one.address.to_v6().is_link_local());
        if (one.address == boost::asio::ip::make_address("127.0.0.1")) {
            loopback = true;
            CHECK(one.kind == net::interface_kind::loopback);
        }
    }
    CHECK(loopback);
}

namespace {

/// In a network namespace of its own, whose only interface is the loopback, and down: what is seen before and
/// after it comes up, and goes down. 0: all of it; 77: no namespace may be made here.
int see_the_loopback_change() {
    if (::unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0) return 77;
    net::detail::interface_watch watch;
    if (!watch.current().empty()) return 1;
    const int control = ::socket(AF_INET, SOCK_DGRAM, 0);
    ifreq lo{};
    std::strcpy(lo.ifr_name, "lo");
    for (bool up : {true, false}) {
        lo.ifr_flags = up ? IFF_UP : 0;
        if (::ioctl(control, SIOCSIFFLAGS, &lo) != 0) return 77;
        if (watch.current().empty() == up) return up ? 2 : 3;
    }
    return 0;
}

} // namespace

TEST_CASE("interfaces are listed anew when they have changed, and else not") {
    net::detail::interface_watch watch;
    const auto* before = watch.current().data();
    CHECK(watch.current().data() == before);
    const auto child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) ::_exit(see_the_loopback_change());
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    REQUIRE(WIFEXITED(status));
    if (WEXITSTATUS(status) == 77)
        WARN("no network namespace can be made here: changes were not tested");
    else
        CHECK(WEXITSTATUS(status) == 0);
}

TEST_CASE("tentative, deprecated and duplicate IPv6 addresses are found in the kernel's table") {
    std::istringstream table("00000000000000000000000000000001 01 80 10 80       lo\n"
                             "20010db8000000000000000000000001 04 40 00 40     eth0\n"
                             "20010db8000000000000000000000002 04 40 00 20     eth0\n"
                             "20010db8000000000000000000000003 04 40 00 80     eth0\n"
                             "20010db8000000000000000000000004 04 40 00 08     eth0\n"
                             "short 04 40 00 40 eth0\n"
                             "\n"
                             "2001zzzz000000000000000000000005 04 40 00 40     eth0\n");
    std::vector<std::string> found;
    for (const auto& one : net::detail::unusable_ipv6(table)) found.push_back(one.to_string());
    CHECK(found == std::vector<std::string>{"2001:db8::1", "2001:db8::2", "2001:db8::4"});
}

TEST_CASE("random numbers differ and fill everything") {
    boost::asio::io_context io;
    net::asio_network over(io.get_executor());
    CHECK(over.random().u64() != over.random().u64());
    std::array<std::byte, 1000> many{};
    over.random().fill(many);
    CHECK(std::ranges::count(many, std::byte{0}) < 50);
}

TEST_CASE("a socket whose handler has thrown goes on to listen") {
    struct moody final : net::datagram_handler {
        std::size_t batches = 0;
        void handle_batch(net::udp_socket&, std::span<const net::datagram>) override {
            if (++batches == 1) throw std::runtime_error("no mood");
        }
    } handler;
    boost::asio::io_context io;
    net::asio_network over(io.get_executor());
    {
        peer a(over, "127.0.0.1");
        const auto socket = over.open_udp({boost::asio::ip::make_address("127.0.0.1"), 0}, handler).value();
        a.send(socket->local(), numbered({10}));
        CHECK_THROWS_AS(run(io, [&] { return handler.batches > 1; }), std::runtime_error);
        a.send(socket->local(), numbered({10}));
        CHECK(run(io, [&] { return handler.batches > 1; }));
    }
    CHECK(runs_dry(io));
}
