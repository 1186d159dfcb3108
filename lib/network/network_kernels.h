// SPDX-License-Identifier: GPL-3.0-or-later
// The description of a network for the kernels, and the kernels that run it.
#pragma once
#include <cstddef>
#include <cstdint>

namespace gr::advphy {

enum class activation {
    none,
    relu,
    leaky_relu, // with the slope alpha
    elu, // with alpha
    sigmoid,
    silu,
    gelu,
    gelu_tangent,
    tanh
};

// An affine map with shared weights: a dense layer (one position) or a convolution.
// Output feature [channel * positions + position] =
//     bias[channel] + sum over taps of weights[row][channel] * input[feature].
struct affine_map {
    int positions;
    int channels;
    int rows;
    const int* first_tap; // [positions + 1]
    const int* tap_feature; // input feature of a tap
    const int* tap_row; // row of weights of a tap
    // In blocks of channel_block channels, so that a pass reads them in order; the
    // padding has weight 0.
    const float* weights; // [blocks][rows][channel_block]
    const float* bias; // [blocks][channel_block]
    activation then;
    float alpha; // of the activation
};

// keep, recall: copy the features to or from a place; add: add those of a place.
enum class step_kind {
    affine,
    activate,
    softmax,
    l2_normalization,
    scale,
    keep,
    recall,
    add
};

struct step {
    step_kind kind;
    int features; // of the step's output
    affine_map affine; // of activate: the activation only
    float value; // the target energy, the scale, or the number of the place
};

// Inputs are rows of `inputs` floats; `slot[c]` is the feature of column c.
struct plan {
    const step* steps;
    int step_count;
    int inputs;
    int outputs;
    int widest; // largest number of features anywhere
    int places; // that features are kept in
    const int* slot;
};

// Channels that one pass of the affine kernel computes, on every instruction set.
constexpr int channel_block = 8;
// Work memory of `run` and `decide`: two buffers, one block of rows, and the places.
constexpr size_t work_floats(int widest, int places = 0)
{
    return size_t(3 + places) * 48 * (widest + 16);
}

struct network_kernels { // see network.h
    void (*run)(const plan& net, const float* in, size_t count, float* out, float* work);
    size_t (*decide)(const plan& net,
                     const float* in,
                     size_t count,
                     uint8_t* messages,
                     uint8_t* erased,
                     float* work);
    // Do multiply-adds in registers, the arithmetic limit; return their number.
    size_t (*multiply_adds)(size_t rounds, float* sink);
};

} // namespace gr::advphy
