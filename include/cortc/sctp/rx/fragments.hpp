#pragma once

#include "cortc/base/config.hpp"
#include "cortc/sctp/types.hpp"
#include "cortc/sctp/wire/chunks.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace cortc::sctp {

/// A message with all of its fragments, before it takes its place in its stream.
struct whole_message {
    stream_id stream;
    ssn sequence;
    ppid protocol;
    bool unordered = false;
    buffer data;
};

/// Puts fragments together. Fragments of a message have consecutive TSNs (RFC 9260 6.9), so what is kept are
/// runs of consecutive fragments; a run that has the first fragment swallows the run that follows it. Every
/// byte is copied once into a run, and at most once more when its run is swallowed.
class fragment_store {
  public:
    enum class outcome {
        stored,
        complete,  ///< the message has been moved to `out`
        too_large, ///< the message is larger than allowed
    };

    fragment_store(buffer_pool& pool, std::size_t max_message) : pool_(&pool), max_message_(max_message) {}

    /// A fragment that is not a whole message.
    [[nodiscard]] outcome add(const data_chunk& fragment, whole_message& out);
    /// Whether add() would have to keep one more run.
    [[nodiscard]] bool begins_run(const data_chunk& fragment) const noexcept;
    /// Drops the fragments of messages abandoned by the sender (RFC 3758 3.6).
    void forward(tsn cumulative);

    /// The bytes so far of a message that has arrived up to `cumulative` and goes on after it.
    [[nodiscard]] std::optional<std::size_t> unfinished_at(tsn cumulative) const noexcept;

    [[nodiscard]] std::size_t runs() const noexcept { return order_.size(); }
    [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }

  private:
    struct run {
        tsn first;
        tsn last;
        bool begin = false;
        bool end = false;
        stream_id stream;
        ssn sequence;
        ppid protocol;
        bool unordered = false;
        buffer data;
    };

    [[nodiscard]] std::size_t first_beyond(tsn number) const noexcept;
    [[nodiscard]] run& at(std::size_t index) noexcept { return runs_[order_[index]]; }
    [[nodiscard]] const run& at(std::size_t index) const noexcept { return runs_[order_[index]]; }
    static bool continues(const run& before, const data_chunk& fragment) noexcept;
    static bool continues(const run& before, const run& after) noexcept;
    void insert(std::size_t index, const data_chunk& fragment);
    void erase(std::size_t index);
    void append(buffer& to, byte_view data);
    [[nodiscard]] buffer fitted(buffer&& data);

    buffer_pool* pool_;
    std::size_t max_message_;
    std::vector<run> runs_;            // in any order; slots are used again
    std::vector<std::uint32_t> free_;  // slots of runs_
    std::vector<std::uint32_t> order_; // slots of runs_ by TSN
    std::size_t bytes_ = 0;
    std::size_t last_size_ = 0; // of the last complete message: the next one is often as large
};

} // namespace cortc::sctp

#if defined(CORTC_HEADER_ONLY)
#include "cortc/sctp/rx/impl/fragments.ipp"
#endif
