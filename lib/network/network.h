// SPDX-License-Identifier: GPL-3.0-or-later
// Batched inference of a network, step by step.
//
// Cost: one multiply-add per use of a weight and item, in tiles of vectors with one item
// per lane. The result of an item depends neither on the batch nor on its place in it. A
// call allocates no memory if the thread has run a network of the same width before.
// Reference: advphy_model/network/network.py (numpy).
#pragma once
#include "network/network_kernels.h"
#include <memory>
#include <string>
#include <vector>

namespace gr::advphy {

// The taps of an affine map (network_kernels.h): the input features that each position
// reads, and the rows of the weights that they are multiplied by.
struct taps {
    std::vector<int> first; // [positions + 1]
    std::vector<int> feature, row; // [first.back()]
};

class network
{
public:
    // inputs: number of features of an item. slot[c]: feature of column c of an input row
    // (empty: c); for samples the order of complex_baseband.py.
    explicit network(size_t inputs, const std::vector<int>& slot = {});
    network(network&&) = default; // no copies, because the steps point into d_maps

    // Append an affine map. weight: [channels][rows]; bias: [channels].
    // std::invalid_argument if they or the taps do not fit the features so far.
    void add_affine(const std::vector<float>& weight,
                    const std::vector<float>& bias,
                    const taps& from);
    // Append an activation (value: alpha), softmax, l2_normalization (value: the energy),
    // scale (value: the factor), or keep, recall or add (value: the place), by name.
    void add_step(const std::string& kind, float value);

    size_t inputs() const { return d_inputs; }
    size_t outputs() const { return d_features; }
    // Multiply-adds of the affine maps for one item.
    size_t multiply_adds() const { return d_multiply_adds; }

    // out[count][outputs] from in[count][inputs].
    void run(const float* in, size_t count, float* out) const;

    // messages[i] = index of the largest output of item i, the first of equal ones.
    // erased[i] = 1 if an input or output is not finite (the message is then 0). Returns
    // the number of erasures. Reference: numpy argmax.
    size_t
    decide(const float* in, size_t count, uint8_t* messages, uint8_t* erased) const;

private:
    // The arrays of an affine_map.
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
    std::vector<size_t> d_kept; // features in each place
    size_t d_multiply_adds = 0;
};

} // namespace gr::advphy
