#pragma once

namespace cortc {

/// Somebody with packets to write before the batch is flushed. It is a link of the queue that it waits in,
/// and leaves that when it goes.
class end_of_turn_client {
  public:
    end_of_turn_client() = default;
    end_of_turn_client(const end_of_turn_client&) = delete;
    end_of_turn_client& operator=(const end_of_turn_client&) = delete;

    virtual void end_of_turn() = 0;
    /// Forgets that it waits.
    void withdraw() noexcept { link_.take_out(); }

  protected:
    ~end_of_turn_client() = default; // its link leaves the queue

  private:
    friend class end_of_turn_queue;

    /// Of a ring; alone it is linked to itself.
    struct link {
        explicit link(end_of_turn_client* whose = nullptr) noexcept : client(whose) {}
        link(const link&) = delete;
        link& operator=(const link&) = delete;
        ~link() { take_out(); }

        [[nodiscard]] bool alone() const noexcept { return next == this; }
        void take_out() noexcept {
            previous->next = next;
            next->previous = previous;
            previous = next = this;
        }
        void put_before(link& place) noexcept {
            previous = place.previous;
            next = &place;
            previous->next = next->previous = this;
        }

        end_of_turn_client* client;
        link* previous = this;
        link* next = this;
    };

    link link_{this};
};

/// Who waits for the end of the turn, each once, in the order in which they came. Allocates nothing, and
/// every step is O(1), so that a broadcast to N connections is O(N).
class end_of_turn_queue {
  public:
    /// Does nothing for one that waits already.
    void add(end_of_turn_client& client) noexcept {
        if (client.link_.alone()) client.link_.put_before(waiting_);
    }
    /// Calls each that waits now. Who is added meanwhile waits for the next turn; a client may withdraw or
    /// destroy itself and others. When one throws, the rest is called next time.
    void run() {
        while (!waiting_.alone()) {
            auto& first = *waiting_.next;
            first.take_out();
            first.put_before(running_);
        }
        while (!running_.alone()) {
            auto& first = *running_.next;
            first.take_out();
            first.client->end_of_turn();
        }
    }
    [[nodiscard]] bool empty() const noexcept { return waiting_.alone() && running_.alone(); }

  private:
    end_of_turn_client::link waiting_, running_;
};

} // namespace cortc
