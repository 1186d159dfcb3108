// SPDX-License-Identifier: GPL-3.0-or-later
// Networks on tiles of items, one item per lane.
//
// Compiled once per instruction set. A tile holds `tile` items as [feature][item], so
// every layer is arithmetic on whole vectors, and the result of an item does not depend
// on its place in the batch. Cost of an affine map: one multiply-add per weight and item.
#include "network/exponential.h"
#include "network/network_kernels.h"
#include "network/tile.h"
#include "simd.h"
#include <algorithm>

namespace gr::advphy::ADVPHY_SIMD_NAMESPACE {

namespace {

inline vfloat sigmoid(vfloat x) { return 1.0f / (1.0f + exponential(-x).value()); }

// Error below 1.5e-7: M. Abramowitz, I. A. Stegun, "Handbook of mathematical functions",
// 7.1.26.
inline vfloat erf(vfloat x)
{
    const vfloat size = x < 0.0f ? -x : x;
    const vfloat t = 1.0f / (1.0f + 0.3275911f * size);
    vfloat p = fill(1.061405429f);
    p = p * t - 1.453152027f;
    p = p * t + 1.421413741f;
    p = p * t - 0.284496736f;
    p = p * t + 0.254829592f;
    const vfloat value = 1.0f - p * t * exponential(-x * x).value();
    return x < 0.0f ? -value : value;
}

inline vfloat apply(activation then, float alpha, vfloat x)
{
    switch (then) { // NaN stays NaN
    case activation::relu:
        return maximum(vfloat{}, x);
    case activation::leaky_relu:
        return x < 0.0f ? alpha * x : x;
    case activation::elu:
        return x <= 0.0f ? alpha * exponential(x).minus_one() : x;
    case activation::sigmoid:
        return sigmoid(x);
    case activation::silu:
        return x * sigmoid(x);
    case activation::gelu:
        return 0.5f * x * (1.0f + erf(x * 0.707106781f));
    case activation::gelu_tangent:
        return x * sigmoid(1.59576912f * (x + 0.044715f * x * x * x));
    case activation::tanh: {
        const vfloat e = exponential(2.0f * x).minus_one();
        return e / (e + 2.0f);
    }
    default:
        return x;
    }
}

void activate(activation then, float alpha, size_t size, float* x)
{
    for (size_t j = 0; j < size; j += lanes)
        store(x + j, apply(then, alpha, load(x + j)));
}

// `rectified`: with ReLU, while the sums are in registers.
template <bool rectified>
void sum_taps(const affine_map& map, const float* in, float* out)
{
    for (int position = 0; position < map.positions; ++position) {
        const int first = map.first_tap[position], last = map.first_tap[position + 1];
        for (int c0 = 0; c0 < map.channels; c0 += channels_at_once) {
            vfloat sum[channels_at_once][tile_vectors];
            for (int c = 0; c < channels_at_once; ++c)
                for (int v = 0; v < tile_vectors; ++v)
                    sum[c][v] = fill(map.bias[c0 + c]);
            const float* weights = map.weights +
                                   size_t(c0 / channel_block) * map.rows * channel_block +
                                   c0 % channel_block;
            for (int t = first; t < last; ++t) {
                const float* x = in + size_t(map.tap_feature[t]) * tile;
                const float* w = weights + size_t(map.tap_row[t]) * channel_block;
                vfloat value[tile_vectors];
                for (int v = 0; v < tile_vectors; ++v)
                    value[v] = load(x + v * lanes);
                for (int c = 0; c < channels_at_once; ++c) {
                    const vfloat weight = fill(w[c]);
                    for (int v = 0; v < tile_vectors; ++v)
                        sum[c][v] += weight * value[v];
                }
            }
            float* to = out + (size_t(c0) * map.positions + position) * tile;
#pragma GCC unroll 8
            for (int c = 0; c < channels_at_once; ++c) {
                if (c0 + c == map.channels)
                    break;
                for (int v = 0; v < tile_vectors; ++v) {
                    const vfloat x = sum[c][v];
                    store(to + v * lanes, rectified ? apply(activation::relu, 0, x) : x);
                }
                to += size_t(map.positions) * tile;
            }
        }
    }
}

void run_affine(const affine_map& map, const float* in, float* out)
{
    if (map.then == activation::relu)
        return sum_taps<true>(map, in, out);
    sum_taps<false>(map, in, out);
    if (map.then != activation::none)
        activate(map.then, map.alpha, size_t(map.channels) * map.positions * tile, out);
}

void run_softmax(int features, float* x)
{
    for (int v = 0; v < tile; v += lanes) {
        vfloat largest = load(x + v);
        for (int f = 1; f < features; ++f)
            largest = maximum(largest, load(x + size_t(f) * tile + v));
        // Kahan summation: a plain sum is inexact for hundreds of features.
        vfloat sum = vfloat{}, lost = vfloat{};
        for (int f = 0; f < features; ++f) {
            float* p = x + size_t(f) * tile + v;
            const vfloat e = exponential(load(p) - largest).value();
            store(p, e);
            const vfloat next = sum + (e - lost);
            lost = (next - sum) - (e - lost);
            sum = next;
        }
        for (int f = 0; f < features; ++f) {
            float* p = x + size_t(f) * tile + v;
            store(p, load(p) / sum);
        }
    }
}

void run_l2_normalization(int features, float energy, float* x)
{
    for (int v = 0; v < tile; v += lanes) {
        vfloat sum = vfloat{};
        for (int f = 0; f < features; ++f) {
            const vfloat value = load(x + size_t(f) * tile + v);
            sum += value * value;
        }
        const vfloat gain = square_root(energy / sum);
        for (int f = 0; f < features; ++f) {
            float* p = x + size_t(f) * tile + v;
            store(p, load(p) * gain);
        }
    }
}

// Run the steps on one tile in memory.a; return the buffer of the outputs.
float* run_steps(const plan& net, const work_memory& memory)
{
    float *a = memory.a, *b = memory.b;
    for (int i = 0; i < net.step_count; ++i) {
        const step& s = net.steps[i];
        const size_t size = size_t(s.features) * tile;
        const size_t number = s.kind >= step_kind::keep ? size_t(s.value) : 0;
        float* place = memory.kept + number * tile * net.widest;
        switch (s.kind) {
        case step_kind::affine: {
            run_affine(s.affine, a, b);
            float* swap = a;
            a = b;
            b = swap;
            break;
        }
        case step_kind::activate:
            activate(s.affine.then, s.affine.alpha, size, a);
            break;
        case step_kind::softmax:
            run_softmax(s.features, a);
            break;
        case step_kind::l2_normalization:
            run_l2_normalization(s.features, s.value, a);
            break;
        case step_kind::scale:
            for (size_t j = 0; j < size; j += lanes)
                store(a + j, load(a + j) * s.value);
            break;
        case step_kind::keep:
            std::copy_n(a, size, place);
            break;
        case step_kind::recall:
            std::copy_n(place, size, a);
            break;
        case step_kind::add:
            for (size_t j = 0; j < size; j += lanes)
                store(a + j, load(a + j) + load(place + j));
            break;
        }
    }
    return a;
}

// Index of the largest of `outputs` logits per item, the first of equal ones. Items with
// `poison` or with logits that are not finite are erased.
size_t decide_tile(int outputs,
                   const float* logits,
                   vfloat (&poison)[tile_vectors],
                   size_t items,
                   uint8_t* messages,
                   uint8_t* erased)
{
    vfloat best[tile_vectors];
    vint index[tile_vectors] = {};
    for (int v = 0; v < tile_vectors; ++v) {
        best[v] = load(logits + v * lanes);
        poison[v] += best[v] * 0.0f;
    }
    for (int f = 1; f < outputs; ++f)
        for (int v = 0; v < tile_vectors; ++v) { // that wait for one another little
            const vfloat x = load(logits + size_t(f) * tile + v * lanes);
            poison[v] += x * 0.0f;
            index[v] = x > best[v] ? fill_int(f) : index[v];
            best[v] = maximum(x, best[v]);
        }
    alignas(64) uint8_t decided[tile], flags[tile];
    for (int v = 0; v < tile_vectors; ++v) {
        const vint erase = poison[v] != 0.0f; // NaN if anything is not finite
        index[v] = erase ? vint{} : index[v];
        *reinterpret_cast<vbytes*>(decided + v * lanes) =
            __builtin_convertvector(index[v], vbytes);
        *reinterpret_cast<vbytes*>(flags + v * lanes) =
            __builtin_convertvector(erase & 1, vbytes);
    }
    __builtin_memcpy(messages, decided, items);
    __builtin_memcpy(erased, flags, items);
    size_t erasures = 0;
    for (size_t i = 0; i < items; ++i)
        erasures += flags[i];
    return erasures;
}

void run(const plan& net, const float* in, size_t count, float* out, float* work)
{
    const work_memory memory(net, work);
    for (size_t first = 0; first < count; first += tile) {
        load_tile_at(net, in, first, count, memory);
        const float* result = run_steps(net, memory);
        const size_t items = count - first < tile ? count - first : tile;
        store_tile(result, net.outputs, items, out + first * net.outputs);
    }
}

size_t decide(const plan& net,
              const float* in,
              size_t count,
              uint8_t* messages,
              uint8_t* erased,
              float* work)
{
    const work_memory memory(net, work);
    size_t erasures = 0;
    for (size_t first = 0; first < count; first += tile) {
        load_tile_at(net, in, first, count, memory);
        vfloat poison[tile_vectors] = {};
        for (int f = 0; f < net.inputs; ++f)
            for (int v = 0; v < tile_vectors; ++v)
                poison[v] += load(memory.a + size_t(f) * tile + v * lanes) * 0.0f;
        const float* logits = run_steps(net, memory);
        const size_t items = count - first < tile ? count - first : tile;
        erasures += decide_tile(
            net.outputs, logits, poison, items, messages + first, erased + first);
    }
    return erasures;
}

size_t multiply_adds(size_t rounds, float* sink)
{
    vfloat sum[channels_at_once * tile_vectors];
    for (int i = 0; i < channels_at_once * tile_vectors; ++i)
        sum[i] = fill(sink[i % lanes] + float(i));
    const vfloat a = fill(0.5f), b = fill(1.0f); // converges to 2, never to a denormal
    for (size_t r = 0; r < rounds; ++r)
#pragma GCC unroll 24
        for (int i = 0; i < channels_at_once * tile_vectors; ++i)
            sum[i] = sum[i] * a + b;
    for (int i = 0; i < channels_at_once * tile_vectors; ++i)
        store(sink, load(sink) + sum[i]);
    return rounds * channels_at_once * tile_vectors * lanes;
}

} // namespace

extern const network_kernels network_table = { run, decide, multiply_adds };

} // namespace gr::advphy::ADVPHY_SIMD_NAMESPACE
