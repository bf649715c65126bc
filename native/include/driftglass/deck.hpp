// Points in random order, sixteen to a hand, for whoever needs points drawn at random.
//
// A hand drawn at random holds sixteen points that were drawn at random, because the deck was
// shuffled: the sum of forces over it has the mean and the variance of sixteen single draws. But
// it lies in one piece, so that it costs one look at far memory in place of sixteen, and no
// gathering. Places are kept by component, hand by hand: (n_hands, dim, 16).
#pragma once

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <utility>
#include <vector>

#include "lanes.hpp"
#include "parallel.hpp"

namespace driftglass {

// 64 random bits of (seed, first, second).
inline std::uint64_t random_bits(std::uint64_t seed, std::uint64_t first, std::uint64_t second) {
    std::uint64_t x =
        seed + 0x9e3779b97f4a7c15ull * (first + 1) + 0xd1b54a32d192ed03ull * (second + 1);
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
    return x ^ (x >> 31);
}

// Uniform from 0 to n - 1, out of 32 random bits.
inline std::uint32_t below(std::uint32_t n, std::uint32_t bits) {
    return static_cast<std::uint32_t>(static_cast<std::uint64_t>(n) * bits >> 32);
}

class Deck {
public:
    Deck(std::size_t n, std::size_t dim, std::uint64_t seed)
        : n_(n), dim_(dim), seed_(seed), n_hands_((n + kWidth - 1) / kWidth), slots_(n) {
        std::iota(slots_.begin(), slots_.end(), 0u);
        for (std::size_t left = n; left > 1; --left) {  // Fisher and Yates
            const auto bits = static_cast<std::uint32_t>(random_bits(seed, kShuffling, left) >> 32);
            std::swap(slots_[left - 1], slots_[below(static_cast<std::uint32_t>(left), bits)]);
        }
        memory_.resize(n_hands_ * kWidth * dim + kWidth);
    }

    std::uint32_t n_hands() const { return static_cast<std::uint32_t>(n_hands_); }
    const float *hands() const { return begin(); }

    void put(std::size_t point, const float *place) {
        const std::size_t slot = slots_[point];
        float *to = begin() + slot / kWidth * kWidth * dim_ + slot % kWidth;
        for (std::size_t c = 0; c < dim_; ++c) to[c * kWidth] = place[c];
    }

    void put_all(const float *places, std::size_t n_threads) {
        parallel_ranges(n_, 4096, n_threads, [&](std::size_t first, std::size_t last) {
            for (std::size_t i = first; i < last; ++i) put(i, places + i * dim_);
        });
    }

    // The last hand has room for more points than there are: others each epoch, so that over
    // time every point is drawn equally often.
    void fill_up(const float *places, std::uint64_t epoch) {
        for (std::size_t slot = n_; slot < n_hands_ * kWidth; ++slot) {
            const auto bits =
                static_cast<std::uint32_t>(random_bits(seed_, kFilling - epoch, slot) >> 32);
            const float *place = places + below(static_cast<std::uint32_t>(n_), bits) * dim_;
            float *to = begin() + slot / kWidth * kWidth * dim_ + slot % kWidth;
            for (std::size_t c = 0; c < dim_; ++c) to[c * kWidth] = place[c];
        }
    }

private:
    // Apart from all epochs, which are numbered from zero.
    static constexpr std::uint64_t kShuffling = ~0ull - 1, kFilling = ~0ull - 2;

    // At a cache line, so that a hand of two components lies on two of them.
    float *begin() { return memory_.data() + offset(); }
    const float *begin() const { return memory_.data() + offset(); }
    std::size_t offset() const {
        const auto at = reinterpret_cast<std::uintptr_t>(memory_.data()) / sizeof(float);
        return (kWidth - at % kWidth) % kWidth;
    }

    std::size_t n_, dim_;
    std::uint64_t seed_;
    std::size_t n_hands_;
    std::vector<std::uint32_t> slots_;
    std::vector<float> memory_;
};

}  // namespace driftglass
