// A small pool of threads that share loops.
//
// Work is cut into chunks that do not depend on the number of threads, and every chunk
// writes only its own rows, so results are the same bytes at any thread count.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#if defined(__unix__) || defined(__APPLE__)
#include <pthread.h>
#endif
#if defined(__x86_64__) || defined(_M_X64)
#include <immintrin.h>
#endif

namespace driftglass {

// Looks again and again, for about a tenth of a millisecond, whether something has happened.
// Loops of a layout follow each other faster than the system wakes a thread that sleeps.
template <class Happened>
bool soon(const Happened &happened) {
    for (int turn = 0; turn < 2000; ++turn) {
        if (happened()) return true;
#if defined(__x86_64__) || defined(_M_X64)
        _mm_pause();
#else
        std::this_thread::yield();
#endif
    }
    return false;
}

class ThreadPool {
public:
    // Calls body(chunk) for each chunk in [0, n_chunks); the calling thread takes part and
    // returns when all are done. body must not throw.
    template <class Body>
    void run(std::size_t n_chunks, std::size_t n_threads, const Body &body) {
        if (n_threads <= 1 || n_chunks <= 1) {
            for (std::size_t chunk = 0; chunk < n_chunks; ++chunk) body(chunk);
            return;
        }
        Job job;
        job.n_chunks = n_chunks;
        job.context = &body;
        job.call = [](const void *context, std::size_t chunk) {
            (*static_cast<const Body *>(context))(chunk);
        };
        const std::size_t helpers = (n_threads < n_chunks ? n_threads : n_chunks) - 1;
        {
            std::lock_guard<std::mutex> hold(mutex_);
            while (n_workers_ < helpers) {
                std::thread([this] { work(); }).detach();
                ++n_workers_;
            }
            job.seats = helpers;
            jobs_.push_back(&job);
            posted_.fetch_add(1);
        }
        wake_.notify_all();
        take_chunks(job);
        std::unique_lock<std::mutex> hold(mutex_);
        leave(job);
        if (job.active == 0) return;
        hold.unlock();
        soon([&job] { return job.active == 0; });
        hold.lock();
        done_.wait(hold, [&job] { return job.active == 0; });
    }

    // One pool for the process. It is never destroyed: joining threads while the interpreter
    // or a DLL unloads can hang, and idle threads cost nothing.
    static ThreadPool &shared() {
        static std::once_flag once;
        std::call_once(once, [] {
            instance() = new ThreadPool;
#if defined(__unix__) || defined(__APPLE__)
            // A forked child inherits the pool's memory but none of its threads.
            pthread_atfork(nullptr, nullptr, [] { instance() = new ThreadPool; });
#endif
        });
        return *instance();
    }

private:
    struct Job {
        std::size_t n_chunks = 0;
        const void *context = nullptr;
        void (*call)(const void *, std::size_t) = nullptr;
        std::atomic<std::size_t> next{0};
        std::size_t seats = 0;   // helpers that may still join; guarded by mutex_
        std::atomic<std::size_t> active{0};  // helpers inside; changed under mutex_
    };

    static ThreadPool *&instance() {
        static ThreadPool *pool = nullptr;
        return pool;
    }

    static void take_chunks(Job &job) {
        for (;;) {
            const std::size_t chunk = job.next.fetch_add(1, std::memory_order_relaxed);
            if (chunk >= job.n_chunks) return;
            job.call(job.context, chunk);
        }
    }

    void leave(Job &job) {
        for (auto place = jobs_.begin(); place != jobs_.end(); ++place) {
            if (*place == &job) {
                jobs_.erase(place);
                return;
            }
        }
    }

    void work() {
        std::unique_lock<std::mutex> hold(mutex_);
        for (;;) {
            if (jobs_.empty()) {
                const std::size_t seen = posted_;
                hold.unlock();
                soon([this, seen] { return posted_ != seen; });
                hold.lock();
                wake_.wait(hold, [this] { return !jobs_.empty(); });
            }
            Job &job = *jobs_.front();
            ++job.active;
            if (--job.seats == 0) jobs_.pop_front();
            hold.unlock();
            take_chunks(job);
            hold.lock();
            if (--job.active == 0) done_.notify_all();
        }
    }

    std::mutex mutex_;
    std::condition_variable wake_;
    std::condition_variable done_;
    std::deque<Job *> jobs_;
    std::size_t n_workers_ = 0;
    std::atomic<std::size_t> posted_{0};
};

// body(first, last) over [0, n) in pieces of `grain`.
template <class Body>
void parallel_ranges(std::size_t n, std::size_t grain, std::size_t n_threads, const Body &body) {
    const std::size_t n_chunks = (n + grain - 1) / grain;
    ThreadPool::shared().run(n_chunks, n_threads, [&](std::size_t chunk) {
        const std::size_t first = chunk * grain;
        body(first, first + grain < n ? first + grain : n);
    });
}

}  // namespace driftglass
