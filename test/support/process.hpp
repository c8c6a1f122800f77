#pragma once

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Programs that run beside a test.
namespace cortc::test {

/// A running program, what it prints (both streams) and how it ends. Destroying it kills it.
class process {
  public:
    using clock = std::chrono::steady_clock;

    explicit process(std::vector<std::string> command) {
        int ends[2];
        if (pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
        std::vector<char*> arguments;
        for (auto& each : command) arguments.push_back(each.data());
        arguments.push_back(nullptr);
        posix_spawn_file_actions_t actions;
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
        posix_spawn_file_actions_adddup2(&actions, ends[1], 2);
        const int failed = posix_spawn(&pid_, arguments[0], &actions, nullptr, arguments.data(), environ);
        posix_spawn_file_actions_destroy(&actions);
        ::close(ends[1]);
        pipe_ = ends[0];
        if (failed) throw std::runtime_error("cannot start " + command[0]);
    }
    process(process&& other) noexcept
        : pid_(std::exchange(other.pid_, -1))
        , pipe_(std::exchange(other.pipe_, -1))
        , output_(std::move(other.output_))
        , status_(other.status_) {}
    process& operator=(process&&) = delete;
    ~process() {
        if (pid_ > 0 && !status_) {
            ::kill(pid_, SIGKILL);
            waitpid(pid_, nullptr, 0);
        }
        if (pipe_ >= 0) ::close(pipe_);
    }

    [[nodiscard]] pid_t pid() const noexcept { return pid_; }
    void signal(int number) const { ::kill(pid_, number); }
    [[nodiscard]] const std::string& output() const noexcept { return output_; }

    /// Waits until it has printed this, so many times; false when it ended without, or did not in time.
    bool prints(std::string_view text, std::size_t times = 1,
                std::chrono::seconds patience = std::chrono::seconds(60)) {
        const auto end = clock::now() + patience;
        for (std::size_t from = 0; times > 0;) {
            const auto found = output_.find(text, from);
            if (found == output_.npos) {
                if (!read_until(end)) return false;
                continue;
            }
            from = found + text.size();
            --times;
        }
        return true;
    }
    /// Waits until it prints anything.
    bool prints_more(std::chrono::milliseconds patience) { return read_until(clock::now() + patience); }
    /// Waits for its end: the exit code, 256 + the signal that killed it, or none in time.
    std::optional<int> exits(std::chrono::seconds patience = std::chrono::seconds(60)) {
        const auto end = clock::now() + patience;
        while (read_until(end)) {
        }
        if (!ended_ || status_) return status_;
        int status = 0;
        waitpid(pid_, &status, 0);
        status_ = WIFEXITED(status) ? WEXITSTATUS(status) : 256 + WTERMSIG(status);
        return status_;
    }

    /// Its open sockets.
    [[nodiscard]] std::size_t sockets() const {
        std::size_t count = 0;
        std::error_code gone; // descriptors come and go while they are looked at
        for (const auto& each : std::filesystem::directory_iterator(proc("fd")))
            if (std::filesystem::read_symlink(each, gone).string().starts_with("socket:")) ++count;
        return count;
    }
    /// Its memory that is nobody else's, in bytes.
    [[nodiscard]] std::size_t memory() const {
        std::ifstream status(proc("status"));
        for (std::string line; std::getline(status, line);)
            if (line.starts_with("RssAnon:")) return std::stoul(line.substr(8)) * 1024;
        throw std::runtime_error("no RssAnon in /proc");
    }

  private:
    [[nodiscard]] std::string proc(const std::string& what) const {
        return "/proc/" + std::to_string(pid_) + "/" + what;
    }
    /// Takes in some output. False at its end, and when the time is over.
    bool read_until(clock::time_point end) {
        if (ended_) return false;
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - clock::now()).count();
        pollfd readable{pipe_, POLLIN, 0};
        if (left <= 0 || poll(&readable, 1, static_cast<int>(left)) <= 0) return false;
        char some[4096];
        const auto size = ::read(pipe_, some, sizeof some);
        ended_ = size <= 0;
        if (!ended_) output_.append(some, static_cast<std::size_t>(size));
        return !ended_;
    }

    pid_t pid_ = -1;
    int pipe_ = -1;
    std::string output_;
    bool ended_ = false;
    std::optional<int> status_;
};

} // namespace cortc::test
