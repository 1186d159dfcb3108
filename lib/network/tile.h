// SPDX-License-Identifier: GPL-3.0-or-later
// Tiles: items of a batch as [feature][item], one item per lane.
#pragma once
#include "network/network_kernels.h"
#include "simd.h"

namespace gr::advphy::ADVPHY_SIMD_NAMESPACE {
namespace {

constexpr int tile_vectors = 3;
constexpr int tile = tile_vectors * lanes;
#if defined(ADVPHY_AVX512)
constexpr int channels_at_once = 8; // 16 accumulators of 32 registers
#else
constexpr int channels_at_once = 4; // 8 accumulators of 16 registers
#endif
static_assert(channel_block % channels_at_once == 0, "padding of the weights");
static_assert(tile <= 48, "work_floats counts on it");

// Fill a tile from rows that may be read up to three floats past their end.
inline void load_tile(const plan& net, const float* rows, size_t stride, float* features)
{
    for (int c0 = 0; c0 < net.inputs; c0 += 4)
        for (int v = 0; v < tile_vectors; ++v) {
            vfloat column[4];
            load_columns(rows + size_t(v) * lanes * stride + c0, stride, column);
#pragma GCC unroll 4
            for (int i = 0; i < 4; ++i) {
                if (c0 + i == net.inputs)
                    break;
                store(features + size_t(net.slot[c0 + i]) * tile + v * lanes, column[i]);
            }
        }
}

// Write the first `items` rows of a tile of `outputs` features to out[items][outputs].
inline void store_tile(const float* features, int outputs, size_t items, float* out)
{
    const int whole = items == tile ? outputs / lanes * lanes : 0;
    for (int f0 = 0; f0 < whole; f0 += lanes)
        for (int v = 0; v < tile_vectors; ++v) {
            vfloat m[lanes];
            for (int i = 0; i < lanes; ++i)
                m[i] = load(features + size_t(f0 + i) * tile + v * lanes);
            transpose(m);
            for (int i = 0; i < lanes; ++i)
                store(out + size_t(v * lanes + i) * outputs + f0, m[i]);
        }
    for (size_t i = 0; i < items; ++i)
        for (int f = whole; f < outputs; ++f)
            out[i * outputs + f] = features[size_t(f) * tile + i];
}

// The parts of the work memory.
struct work_memory {
    float *a, *b, *rows, *kept;
    size_t row;

    work_memory(const plan& net, float* work)
        : a(work), b(work + size_t(tile) * net.widest),
          rows(work + size_t(2) * tile * net.widest), row(size_t(net.inputs) + 4)
    {
        kept = rows + tile * row;
    }
};

// Load the tile that begins at item `first` of `count`; pad after the last item.
void load_tile_at(
    const plan& net, const float* in, size_t first, size_t count, const work_memory& work)
{
    const size_t width = net.inputs;
    // Rows may be read past their end if as many floats follow them.
    const size_t left = count - first;
    if (left >= tile && (left - tile) * width >= (4 - width % 4) % 4) {
        load_tile(net, in + first * width, width, work.a);
        return;
    }
    const size_t items = left < tile ? left : tile;
    for (size_t i = 0; i < tile; ++i)
        for (size_t c = 0; c < width; ++c)
            work.rows[i * work.row + c] = i < items ? in[(first + i) * width + c] : 0.0f;
    load_tile(net, work.rows, work.row, work.a);
}

} // namespace
} // namespace gr::advphy::ADVPHY_SIMD_NAMESPACE
