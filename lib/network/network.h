// SPDX-License-Identifier: GPL-3.0-or-later
// Batched inference of a network of layers. Reference: advphy_model/network/network.py
// (numpy).
//
// Cost: one multiply-add per weight use and item, in tiles of vectors that hold one item
// a lane; an item's result depends neither on the batch nor on its place in it. No call
// allocates once the calling thread has run a network as wide before.
#pragma once
#include "kernels.h"
#include "network/layer.h"
#include <cstdint>
#include <memory>
#include <vector>

namespace gr::advphy {

class network
{
public:
    // input_shape: of one item, without the batch. slot: the feature that column c of an
    // input row becomes (empty: c itself); the order of complex_baseband.py for samples.
    // std::invalid_argument names the layer and what is wrong with it.
    network(const std::vector<layer>& layers,
            const std::vector<size_t>& input_shape,
            const std::vector<int>& slot = {});
    network(network&&) = default; // the steps point into d_arrays: no copies

    size_t inputs() const { return d_inputs; }
    const std::vector<size_t>& output_shape() const { return d_shape; }
    size_t outputs() const;
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
    struct arrays {
        std::vector<int> first_tap, tap_feature, tap_row;
        std::vector<float> weights, bias;
    };

    void add_affine(const layer& from,
                    std::unique_ptr<arrays> data,
                    size_t channels,
                    std::vector<size_t> output_shape);
    void add_dense(const layer& from);
    void add_convolution(const layer& from, size_t dimensions);
    void add_activation(const layer& from, step_kind kind, activation then);
    void add_scale(const layer& from);
    void add_plain(step_kind kind, double value);
    void add_reshape(const layer& from, const std::vector<size_t>& shape);
    plan view() const;

    std::vector<std::unique_ptr<arrays>> d_arrays;
    std::vector<step> d_steps;
    std::vector<size_t> d_shape; // of the features, so far
    std::vector<int> d_slot;
    size_t d_inputs;
    size_t d_widest;
    size_t d_multiply_adds = 0;
};

// The nearest-codeword decision as a network of one dense layer: maximising
// Re<y, c> - |c|^2 / 2 minimises |y - c|. codebook: [messages][inputs] reals.
// Cost: messages x inputs multiply-adds. Reference: baselines/nearest_codeword.py.
network nearest_codeword(const std::vector<float>& codebook,
                         size_t messages,
                         const std::vector<int>& slot);

} // namespace gr::advphy
