// SPDX-License-Identifier: GPL-3.0-or-later
// Mixtures of codewords and perturbations: one pass of expectation-maximization over a
// sample, and the most likely component of each block. There is one block per lane.
// Compiled once per instruction set.
#include "air/mixture_kernels.h"
#include "network/exponential.h"
#include "network/tile.h"
#include "simd.h"

namespace gr::advphy::ADVPHY_SIMD_NAMESPACE {

namespace {

// Scaled inner products of one vector of blocks, y[f * stride], with `count` rows.
template <typename Use>
inline void
products(const float* y, size_t stride, const float* rows, int count, int floats, Use use)
{
    constexpr int at_once = 4;
    int r = 0;
    for (; r + at_once <= count; r += at_once) {
        vfloat sum[at_once] = {};
        for (int f = 0; f < floats; ++f) {
            const vfloat value = load(y + size_t(f) * stride);
            for (int i = 0; i < at_once; ++i)
                sum[i] += rows[size_t(r + i) * floats + f] * value;
        }
        for (int i = 0; i < at_once; ++i)
            use(r + i, sum[i]);
    }
    for (; r < count; ++r) {
        vfloat sum{};
        for (int f = 0; f < floats; ++f)
            sum += rows[size_t(r) * floats + f] * load(y + size_t(f) * stride);
        use(r, sum);
    }
}

// Work memory of a pass, each part [..][lanes].
struct pass_memory {
    float *scores, *joint, *sums, *component, *share;
    size_t accumulated;

    pass_memory(const mixture_view& m, float* work)
    {
        const size_t pairs = size_t(m.messages) * m.components;
        scores = work;
        joint = scores + pairs * lanes;
        sums = joint + pairs * lanes;
        component = sums + size_t(m.components) * m.floats * lanes;
        share = component + size_t(m.components) * lanes;
        accumulated = pairs + size_t(m.components) * m.floats;
        for (size_t i = 0; i < accumulated; ++i)
            store(joint + i * lanes, vfloat{});
    }
};

// Write (<y, x_s> + <y, p_z>) / variance + prior for every pair of one vector of blocks;
// return the largest.
vfloat
score(const mixture_view& m, const blocks_view& from, size_t b, const pass_memory& w)
{
    const vfloat inverse = fill(m.inverse_variance);
    const float *y = from.y + b, *with_codewords = from.with_codewords + b;
    const size_t stride = from.stride;
    products(y, stride, m.p, m.components, m.floats, [&](int z, vfloat product) {
        store(w.component + size_t(z) * lanes, product * inverse);
    });
    vfloat largest = fill(-3e38f);
    for (int s = 0; s < m.messages; ++s) {
        const vfloat product = load(with_codewords + size_t(s) * stride) * inverse;
        for (int z = 0; z < m.components; ++z) {
            const size_t pair = size_t(s) * m.components + z;
            const vfloat t =
                product + load(w.component + size_t(z) * lanes) + m.prior[pair];
            store(w.scores + pair * lanes, t);
            largest = maximum(t, largest);
        }
    }
    return largest;
}

// Add the contribution of one vector of blocks, each with the weight `scale`.
void accumulate(const mixture_view& m,
                const float* y,
                size_t stride,
                vfloat scale,
                const pass_memory& w)
{
    for (int z = 0; z < m.components; ++z)
        store(w.share + size_t(z) * lanes, vfloat{});
    for (int s = 0; s < m.messages; ++s)
        for (int z = 0; z < m.components; ++z) {
            const size_t pair = (size_t(s) * m.components + z) * lanes;
            const vfloat share = load(w.scores + pair) * scale;
            store(w.joint + pair, load(w.joint + pair) + share);
            float* total = w.share + size_t(z) * lanes;
            store(total, load(total) + share);
        }
    for (int z = 0; z < m.components; ++z) {
        const vfloat share = load(w.share + size_t(z) * lanes);
        for (int f = 0; f < m.floats; ++f) {
            float* sum = w.sums + (size_t(z) * m.floats + f) * lanes;
            store(sum, load(sum) + share * load(y + size_t(f) * stride));
        }
    }
}

void inner_products(
    const float* y, size_t blocks, const float* rows, int count, int floats, float* out)
{
    for (size_t b = 0; b < blocks; b += lanes)
        products(y + b, blocks, rows, count, floats, [&](int r, vfloat product) {
            store(out + size_t(r) * blocks + b, product);
        });
}

void pass(const mixture_view& m,
          const blocks_view& from,
          float* work,
          const pass_results& to)
{
    const pass_memory w(m, work);
    const int pairs = m.messages * m.components;
    for (size_t b = 0; b < from.blocks; b += lanes) {
        const vfloat top = score(m, from, b, w);
        vfloat sum{}, weighted{};
        for (int i = 0; i < pairs; ++i) {
            float* at = w.scores + size_t(i) * lanes;
            const vfloat t = load(at), e = exponential(t - top).value();
            sum += e;
            weighted += e * t;
            store(at, e);
        }
        store(to.largest + b, top);
        store(to.total + b, sum);
        store(to.mean + b, weighted / sum);
        accumulate(m, from.y + b, from.stride, load(from.present + b) / sum, w);
    }
    for (size_t i = 0; i < w.accumulated; ++i) {
        to.totals[i] = 0;
        for (int lane = 0; lane < lanes; ++lane)
            to.totals[i] += w.joint[i * lanes + lane];
    }
}

void choose_components(const mixture_view& m,
                       const int* identity,
                       const float* y,
                       size_t count,
                       float* work,
                       uint8_t* component)
{
    plan rows{};
    rows.inputs = rows.widest = m.floats;
    rows.slot = identity;
    const work_memory memory(rows, work);
    float* products_of_p = work + work_floats(m.floats);
    const vfloat inverse = fill(m.inverse_variance);
    for (size_t first = 0; first < count; first += tile) {
        load_tile_at(rows, y, first, count, memory);
        alignas(vector_bytes) uint8_t chosen[tile];
        for (int v = 0; v < tile; v += lanes) {
            products(
                memory.a + v, tile, m.p, m.components, m.floats, [&](int z, vfloat x) {
                    store(products_of_p + size_t(z) * lanes, x * inverse);
                });
            vfloat best = fill(-3e38f);
            vint which{};
            products(memory.a + v,
                     tile,
                     m.codebook,
                     m.messages,
                     m.floats,
                     [&](int s, vfloat product) {
                         product *= inverse;
                         for (int z = 0; z < m.components; ++z) {
                             const vfloat t = product +
                                              load(products_of_p + size_t(z) * lanes) +
                                              m.prior[size_t(s) * m.components + z];
                             which = t > best ? fill_int(z) : which;
                             best = maximum(t, best);
                         }
                     });
            *reinterpret_cast<vbytes*>(chosen + v) =
                __builtin_convertvector(which, vbytes);
        }
        for (size_t i = 0; i < tile && first + i < count; ++i)
            component[first + i] = chosen[i];
    }
}

} // namespace

extern const mixture_kernels mixture_table = { inner_products, pass, choose_components };

} // namespace gr::advphy::ADVPHY_SIMD_NAMESPACE
