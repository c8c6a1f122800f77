#include "bench/smoke/program.hpp"

#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <sstream>
#include <vector>

using cortc::test::process;

namespace {

using words = std::vector<std::string>;

words split(const std::string& text) {
    std::istringstream stream(text);
    return {std::istream_iterator<std::string>(stream), {}};
}

/// A program's line as run.py takes it apart.
std::map<std::string, std::string> figures(const std::string& line) {
    static const std::regex pair(R"((\w+)=(-?[\d.]+))");
    std::map<std::string, std::string> found;
    for (std::sregex_iterator each(line.begin(), line.end(), pair), end; each != end; ++each)
        found[(*each)[1]] = (*each)[2];
    return found;
}

struct tiny_run {
    const char *program, *arguments, *keys;
};

const std::string restart_keys =
    "median_ms mean_ms p90_ms p99_ms answered_median_ms answered_p99_ms sent lost";
const std::string whole_restart_keys =
    restart_keys + " restarts_per_s cpu_ms together_median_ms together_p99_ms together_per_s";
const std::vector<tiny_run> runs {
    {"datachannel_cortc", "bulk 100 0.2", "MBps cpu_s_per_GB msgs_per_s cpu_us_per_msg"},
        {"datachannel_cortc", "--threads 2 ping 50", "median_us p99_us cpu_us"},
        {"datachannel_cortc", "setup 4 2", "median_ms p90_ms cpu_ms"},
        {"datachannel_cortc", "idle 4 0.2", "fresh_kB later_kB cpu_percent"},
        {"datachannel_allocations", "receive 100", "allocations"},
        {"handshake_cortc", "one 2", "both_ends_cpu_ms"},
        {"handshake_cortc", "storm 3 1", "echo_median_us echo_p99_us echo_max_us all_open_ms"},
        {"handshake_cortc", "storm 3 1 worker", "echo_median_us echo_p99_us echo_max_us all_open_ms"},
#if defined(CORTC_ICE_RESTART)
        {"ice_restart", "restart 2 4", whole_restart_keys.c_str()},
        {"ice_restart", "simulated 20 0 2", restart_keys.c_str()},
#endif
};

/// The keys that run.py reads, of all programs: ('median_ms', 'median ms', LOWER).
std::set<std::string> read_by_run_py() {
    std::ifstream file(CORTC_RUN_PY);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    const std::regex metric(R"(\('(\w+)',\s*f?'[^']*',\s*(HIGHER|LOWER|None)\))");
    std::set<std::string> keys;
    for (std::sregex_iterator each(text.begin(), text.end(), metric), end; each != end; ++each)
        keys.insert((*each)[1]);
    return keys;
}

} // namespace

TEST_CASE("each benchmark, in small, prints what run.py reads") {
    auto wanted = read_by_run_py();
    CHECK(wanted.size() > 20);
    for (const auto& [program, arguments, keys] : runs) {
        auto command = split(arguments);
        command.insert(command.begin(), std::string(CORTC_BENCHMARKS) + "/" + program);
        process running(command);
        const auto code = running.exits();
        INFO(program << " " << arguments << ": " << running.output());
        CHECK(code == 0);
        const auto found = figures(running.output());
        for (const auto& key : split(keys)) {
            CAPTURE(key);
            REQUIRE(found.contains(key));
            CHECK(found.at(key) != "-1"); // no sample
            wanted.erase(key);
        }
    }
#if defined(CORTC_ICE_RESTART)
    CHECK(wanted == std::set<std::string>{}); // another one is to be named above
#endif
}

TEST_CASE("benchmarks with wrong arguments say how they are used") {
    for (const auto* program : {"datachannel_cortc", "datachannel_allocations", "handshake_cortc"})
        bench::check_fails(process({std::string(CORTC_BENCHMARKS) + "/" + program, "x"}), "^usage: ", 2);
}

TEST_CASE("run.py runs them and prints a table") {
    if (process({"/usr/bin/env", "python3", "-c", ""}).exits() != 0) {
        WARN("SKIPPED: there is no python3");
        return;
    }
    const auto run = [](words arguments) {
        arguments.insert(arguments.begin(), {"/usr/bin/env", "python3", CORTC_RUN_PY});
        arguments.insert(arguments.end(),
                         {"--programs", CORTC_BENCHMARKS, "--quick", "--foreign-limit", "1000"});
        return process(std::move(arguments));
    };
    const std::string figure = R"(\s+[\d.]+ \[[\d.]+\.\.[\d.]+\])";
    bench::check_prints(run({"handshake", "--tests", "one handshake"}),
                        "\none handshake, both ends\n  CPU ms" + figure + " *-?\n");
    bench::check_prints(run({"datachannel", "--only", "cortc", "--tests", "set-up, one"}),
                        "\nset-up, one by one\n  offer to open, median ms" + figure + figure + " x");
}
