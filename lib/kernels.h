// SPDX-License-Identifier: GPL-3.0-or-later
// The kernels that exist once per instruction set, as one table of functions.
#pragma once
#include <cstddef>
#include <cstdint>

namespace gr::advphy {

// Independent streams of random numbers that one seed gives.
enum class stream : uint32_t {
    messages = 0,
    noise = 1,
    adversary = 2,
    fading = 3,
    jammer = 4,
    impairment = 16 // 16 + i: the impairment at position i of a channel
};

enum class activation { none, relu, elu };

// An affine map with shared weights: a dense layer (one position) or a convolution.
// Output feature [channel * positions + position] =
//     bias[channel] + sum over taps of weights[row][channel] * input[feature].
struct affine_map {
    int positions;
    int channels;
    int padded_channels; // a multiple of channel_block; the padding has weight 0
    const int* first_tap; // [positions + 1]
    const int* tap_feature; // which input feature a tap reads
    const int* tap_row; // which row of weights it uses
    const float* weights; // [rows][padded_channels]
    const float* bias; // [padded_channels]
    activation then;
    float alpha; // of the exponential linear unit
};

enum class step_kind { affine, relu, elu, sigmoid, softmax, l2_normalisation, scale };

struct step {
    step_kind kind;
    int features; // of the step's output
    affine_map affine;
    float value; // eLU's alpha, or the target energy, or the scale
};

// A network as the kernels see it. Inputs are rows of `inputs` floats; `slot[c]` is the
// feature that column c becomes.
struct plan {
    const step* steps;
    int step_count;
    int inputs;
    int outputs;
    int widest; // largest number of features anywhere
    const int* slot;
};

// A mixture as the kernels see it: y = x_s + p_z + noise, the pair (s, z) unknown.
struct mixture_view {
    int messages;
    int components;
    int floats; // of a block
    const float* codebook; // [messages][floats]
    const float* p; // [components][floats]
    const float* prior; // [messages][components]
    float inverse_variance;
};

// A search for the preamble, see burst_search.h. Filtered values are `step` apart a
// symbol.
struct search_view {
    const float* preamble; // [chips]
    size_t chips, segment; // segment divides chips, a power of two
    const float* pulse; // [taps]
    size_t taps;
    size_t stride; // samples from one filtered value to the next
    size_t step;
    size_t positions, filtered; // positions + (chips - 1) step
    float scale; // of the energy, so that the metric of a preamble is 1
};

// Work memory that mixture_pass and choose_components need.
constexpr size_t mixture_floats(size_t messages, size_t components, size_t floats)
{
    return 16 * (2 * messages * components + components * (floats + 2)) +
           3 * 32 * (floats + 16);
}

// Channels that one pass of the affine kernel computes together, on any instruction set.
constexpr int channel_block = 8;
// Work memory that run_network and decide need for features: 2 buffers and one row block.
constexpr size_t work_floats(int widest) { return size_t(3) * 32 * (widest + 16); }

// Floats that a row may be over-read, and over-written, by.
constexpr size_t row_padding = 16;

// Items that rotate() turns together, one a lane, and the work memory it needs.
constexpr size_t rotated_items = 16;
constexpr size_t rotation_floats(size_t reals) { return 16 * (reals + 1 + 2 * 16); }

struct kernel_table {
    const char* name;
    // Elements of a group: see gaussian.h.
    void (*gaussian_groups)(
        uint64_t seed, stream which, uint64_t group, size_t groups, float* out);
    void (*add_gaussian_groups)(uint64_t seed,
                                stream which,
                                uint64_t group,
                                size_t groups,
                                float sigma,
                                const float* x,
                                float* y,
                                const float* p);
    void (*random_byte_groups)(uint64_t seed,
                               stream which,
                               uint64_t group,
                               size_t groups,
                               uint8_t mask,
                               uint8_t* out);
    void (*random_word_groups)(
        uint64_t seed, stream which, uint64_t group, size_t groups, uint32_t* out);
    // count: a multiple of group_counters.
    void (*unit_circle)(const uint32_t* turns, size_t count, float* cosine, float* sine);
    // Networks: see network.h.
    void (*run_network)(
        const plan& net, const float* in, size_t count, float* out, float* work);
    size_t (*decide)(const plan& net,
                     const float* in,
                     size_t count,
                     uint8_t* messages,
                     uint8_t* erased,
                     float* work);
    // Codes: see codebook.h.
    void (*look_up)(const float* codebook,
                    size_t row_floats,
                    size_t padded_row_floats,
                    const uint8_t* messages,
                    size_t count,
                    float* out);
    size_t (*count_differences)(const uint8_t* a, const uint8_t* b, size_t count);
    // Perturbations: see perturbation.h. Work memory behind `out`: row_padding floats.
    void (*write_rows)(const float* table,
                       const size_t* offset,
                       size_t row_floats,
                       size_t count,
                       float* out);
    void (*write_turned_rows)(const float* table,
                              const float* quadrature,
                              const size_t* offset,
                              const float* cosine,
                              const float* sine,
                              size_t row_floats,
                              size_t count,
                              float* out);
    void (*add_floats)(const float* x, size_t count, float* y);
    // pattern: as many whole vectors of row_padding floats as repeat without a seam.
    void (*add_pattern)(const float* pattern, size_t period, size_t count, float* y);
    // Mixtures: see mixture.h. y [floats][stride], present and the outputs [blocks], a
    // multiple of 16; totals: joint [messages][components], sums [components][floats].
    // with_codewords: inner_products of y with the codebook, [messages][stride].
    void (*inner_products)(const float* y,
                           size_t blocks,
                           const float* rows,
                           int count,
                           int floats,
                           float* out);
    void (*mixture_pass)(const mixture_view& m,
                         const float* y,
                         const float* with_codewords,
                         size_t stride,
                         const float* present,
                         size_t blocks,
                         float* work,
                         float* largest,
                         float* total,
                         float* mean,
                         double* totals);
    void (*choose_components)(const mixture_view& m,
                              const int* identity,
                              const float* y,
                              size_t count,
                              float* work,
                              uint8_t* component);
    // Rotations: see keying.h. x [reals][rotated_items] in place; words [rotated_items]
    // [row], each row readable to row_padding words past those of a rotation.
    void (*rotate)(const uint32_t* words,
                   size_t row,
                   size_t reals,
                   bool inverse,
                   float* work,
                   float* x);
    // The modem: see burst_search.h and matched_filter.h. samples: interleaved.
    void (*search)(const search_view& s,
                   const float* samples,
                   float* work,
                   float* metric,
                   float* product_re,
                   float* product_im);
    void (*filter_symbols)(const float* samples,
                           const size_t* start,
                           const float* const* taps,
                           size_t floats,
                           size_t count,
                           float* out);
    void (*turn)(const float* x,
                 size_t count,
                 const float* turning,
                 size_t turns,
                 float base_re,
                 float base_im,
                 float* out);
    void (*shape_pulses)(const float* symbols,
                         size_t count,
                         const float* pulse,
                         size_t taps,
                         size_t samples_per_symbol,
                         float* out);
    // Multiply-adds in registers, the arithmetic limit: returns how many were done.
    size_t (*multiply_adds)(size_t rounds, float* sink);
};

namespace avx512 {
extern const kernel_table table;
}
namespace avx2 {
extern const kernel_table table;
}
namespace baseline {
extern const kernel_table table;
}

} // namespace gr::advphy
