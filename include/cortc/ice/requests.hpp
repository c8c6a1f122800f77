#pragma once

#include "cortc/base/config.hpp"
#include "cortc/base/time.hpp"
#include "cortc/ice/types.hpp"
#include "cortc/stun/message.hpp"

#include <cstddef>
#include <utility>
#include <vector>

namespace cortc::ice {

/// Who sends STUN requests and gets their answers.
class requester {
  public:
    /// It may be one that somebody else sent, who has guessed 96 random bits: nothing but the transaction id
    /// was looked at.
    virtual void handle_response(const path& from, const stun::message& response, time_point now) = 0;

  protected:
    ~requester() = default;
};

class request_ticket;

/// The STUN requests in flight over the sockets of one transport, whoever sent them: connectivity checks, and
/// what asks STUN and TURN servers over the same sockets. Their answers are given out by transaction id.
/// Must outlive its tickets.
class request_table {
  public:
    request_table() = default;
    request_table(const request_table&) = delete;
    request_table& operator=(const request_table&) = delete;

    /// As long as the ticket exists, an answer is expected; `whose` must live as long.
    [[nodiscard]] request_ticket add(const stun::transaction_id& id, requester& whose);
    /// Gives a response to who sent the request; false when nobody did. The request stays until its ticket
    /// goes.
    bool give_out(const path& from, const stun::message& response, time_point now) const;
    [[nodiscard]] std::size_t size() const noexcept { return waiting_.size(); }

  private:
    friend class request_ticket;
    struct entry {
        stun::transaction_id id;
        requester* whose;
    };
    [[nodiscard]] std::vector<entry>::const_iterator place(const stun::transaction_id& id) const noexcept;
    void remove(const stun::transaction_id& id) noexcept;

    std::vector<entry> waiting_; // by id
};

/// One request in flight.
class request_ticket {
  public:
    request_ticket() = default; ///< of none
    request_ticket(request_ticket&& other) noexcept
        : table_(std::exchange(other.table_, nullptr)), id_(other.id_) {}
    request_ticket& operator=(request_ticket&& other) noexcept {
        request_ticket(std::move(other)).swap(*this);
        return *this;
    }
    ~request_ticket() {
        if (table_) table_->remove(id_);
    }
    void swap(request_ticket& other) noexcept {
        std::swap(table_, other.table_);
        std::swap(id_, other.id_);
    }

  private:
    friend class request_table;
    request_ticket(request_table& table, const stun::transaction_id& id) noexcept : table_(&table), id_(id) {}

    request_table* table_ = nullptr;
    stun::transaction_id id_{};
};

} // namespace cortc::ice

#if defined(CORTC_HEADER_ONLY)
#include "cortc/ice/impl/requests.ipp"
#endif
