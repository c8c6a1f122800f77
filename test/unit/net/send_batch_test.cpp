#include "cortc/net/send_batch.hpp"

#include "test/support/catch.hpp"

#include <boost/asio/ip/address.hpp>

#include <string>

using namespace cortc;

namespace {

struct recorder final : net::udp_socket {
    [[nodiscard]] const endpoint& local() const noexcept override { return where; }
    void send(std::span<const net::outgoing> batch) override {
        runs.emplace_back();
        for (const auto& each : batch) runs.back().emplace_back(as_text(each.data));
        last = batch.back();
    }
    [[nodiscard]] const net::socket_stats& stats() const noexcept override { return none; }
    endpoint where;
    net::socket_stats none;
    std::vector<std::vector<std::string>> runs;
    net::outgoing last;
};

const endpoint there{boost::asio::ip::make_address("192.0.2.1"), 7};

void put(net::send_batch& batch, net::udp_socket& via, std::string_view text) {
    std::ranges::copy(as_bytes(text), batch.prepare().begin());
    batch.commit(via, there, text.size());
}

using texts = std::vector<std::string>;

} // namespace

TEST_CASE("a send batch hands each run of a socket's datagrams to it") {
    net::send_batch batch;
    recorder a, b;
    for (const auto* text : {"1", "2"}) put(batch, a, text);
    put(batch, b, "3");
    put(batch, a, "4");
    CHECK(a.runs.empty());
    batch.flush();
    CHECK(a.runs == std::vector<texts>{{"1", "2"}, {"4"}});
    CHECK(b.runs == std::vector<texts>{{"3"}});
    CHECK(batch.empty());
    batch.flush();
    CHECK(a.runs.size() == 2);
    for (std::size_t i = 0; i <= net::send_batch::capacity; ++i) put(batch, a, "5");
    CHECK(a.runs.back().size() == net::send_batch::capacity); // a full one goes out for the next
    batch.forget(a);
    put(batch, b, "6");
    batch.flush();
    CHECK(a.runs.size() == 3);
    CHECK(b.runs.back() == texts{"6"});
}

TEST_CASE("a send batch has room for a wrapper's header, and aligned payloads") {
    net::send_batch batch;
    recorder a;
    put(batch, a, "plain");
    const auto payload = batch.prepare();
    CHECK(payload.size() == net::send_batch::max_datagram);
    CHECK(reinterpret_cast<std::uintptr_t>(payload.data()) % 4 == 0);
    std::ranges::copy(as_bytes("payload"), payload.begin());
    std::ranges::copy(as_bytes("header "), batch.header(7).begin());
    CHECK(batch.header(net::send_batch::headroom).size() == net::send_batch::headroom);
    batch.commit(a, there, 7, net::ecn::ect1, 7);
    put(batch, a, "plain again");
    batch.flush();
    CHECK(a.runs == std::vector<texts>{{"plain", "header payload", "plain again"}});
    (void)batch.prepare();
    batch.commit(a, there, 3, net::ecn::ect1);
    batch.flush();
    CHECK(a.last.mark == net::ecn::ect1);
    CHECK(a.last.destination == there);
}
