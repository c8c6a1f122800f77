#include "cortc/net/os_random.hpp"

#include "test/support/catch.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

using namespace cortc;

TEST_CASE("the system's random numbers: every size is filled, and no number comes twice") {
    net::os_random random;
    std::set<std::uint64_t> seen;
    for (int i = 0; i < 5000; ++i) seen.insert(random.u64());
    CHECK(seen.size() == 5000);
    for (const std::size_t size : {0u, 1u, 12u, 511u, 512u, 513u, 100'000u}) {
        std::vector<std::byte> out(size + 2, std::byte{0});
        bool filled = size == 0;
        // A byte of zero is as likely as any other: of forty tries, one has another at both ends.
        for (int i = 0; i < 40 && !filled; ++i) {
            random.fill(std::span(out).subspan(1, size));
            filled = out[1] != std::byte{0} && out[size] != std::byte{0};
        }
        CHECK(filled);
        CHECK(out.front() == std::byte{0});
        CHECK(out.back() == std::byte{0});
    }
}

TEST_CASE("the system's random numbers: a child process has others than its parent") {
    net::os_random random;
    (void)random.u64(); // more of them are kept now
    std::array<int, 2> pipe_ends{};
    REQUIRE(::pipe(pipe_ends.data()) == 0);
    const auto child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        const auto theirs = random.u64();
        ::_exit(::write(pipe_ends[1], &theirs, sizeof theirs) == sizeof theirs ? 0 : 1);
    }
    std::uint64_t theirs = 0;
    CHECK(::read(pipe_ends[0], &theirs, sizeof theirs) == sizeof theirs);
    int status = -1;
    CHECK(::waitpid(child, &status, 0) == child);
    CHECK(status == 0);
    CHECK(theirs != random.u64());
    ::close(pipe_ends[0]);
    ::close(pipe_ends[1]);
}
