// SPDX-License-Identifier: GPL-3.0-or-later
// Batched inference of a network, step after step.
//
// Cost: one multiply-add per weight use and item, in tiles of vectors that hold one item
// a lane; an item's result depends neither on the batch nor on its place in it. No call
// allocates once the calling thread has run a network as wide before.
// Reference: advphy_model/network/network.py (numpy).
#pragma once
#include "network/network_kernels.h"
#include <memory>
#include <string>
#include <vector>

namespace gr::advphy {

// The taps of an affine map (network_kernels.h): which input features each position
// reads, and by which rows of the weights it multiplies them.
struct taps {
    std::vector<int> first; // [positions + 1]
    std::vector<int> feature, row; // [first.back()]
};

class network
{
public:
    // inputs: features of an item. slot: the feature that column c of an input row
    // becomes (empty: c itself); the order of complex_baseband.py for samples.
    explicit network(size_t inputs, const std::vector<int>& slot = {});
    network(network&&) = default; // the steps point into d_maps: no copies

    // Append an affine map. weight: [channels][rows]; bias: [channels].
    // std::invalid_argument where they and the taps do not fit the features so far.
    void add_affine(const std::vector<float>& weight,
                    const std::vector<float>& bias,
                    const taps& from);
    // Append relu, elu (value: alpha), sigmoid, softmax, l2_normalization (value: the
    // energy) or scale (value: the factor), by name.
    void add_step(const std::string& kind, float value);

    size_t inputs() const { return d_inputs; }
    size_t outputs() const { return d_features; }
    // Multiply-adds of the affine maps for one item.
    size_t multiply_adds() const { return d_multiply_adds; }

    // out[count][outputs] from in[count][inputs].
    void run(const float* in, size_t count, float* out) const;

    // messages[i] = index of the largest output of item i, the first among equals.
    // erased[i] = 1 where an input or output is not finite (the message is then 0);
    // returns how many. Reference: numpy argmax.
    size_t
    decide(const float* in, size_t count, uint8_t* messages, uint8_t* erased) const;

private:
    // What an affine_map points to.
    struct map {
        taps from;
        std::vector<float> weights, bias;
    };

    plan view() const;

    std::vector<std::unique_ptr<map>> d_maps;
    std::vector<step> d_steps;
    std::vector<int> d_slot;
    size_t d_inputs;
    size_t d_features; // so far
    size_t d_widest;
    size_t d_multiply_adds = 0;
};

} // namespace gr::advphy
