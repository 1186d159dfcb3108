// SPDX-License-Identifier: GPL-3.0-or-later
// Random rotations, one item per lane. Compiled once per instruction set, always without
// contraction, because Alice and Bob need the same rotation on different machines.
#include "keying/keying_kernels.h"
#include "random/box_muller.h"
#include "simd.h"

namespace gr::advphy::ADVPHY_SIMD_NAMESPACE {

namespace {

constexpr size_t items = rotated_items;

// Number of words for vectors of length 1..m, each a whole number of pairs.
inline size_t words_up_to(size_t m) { return (m + 1) * (m + 1) / 4 * 2; }

// Transpose words first..first + count of `lanes` rows to [word][lane]; return word
// number `first`. Up to `lanes` words before and after them are read and written, too.
inline float*
gather_words(const uint32_t* words, size_t row, size_t first, size_t count, float* to)
{
    const size_t begin = first / lanes * lanes;
    for (size_t k = begin; k < first + count; k += lanes) {
        vfloat m[lanes];
        for (int l = 0; l < lanes; ++l)
            m[l] = (vfloat)(*reinterpret_cast<const vuint_at*>(words + l * row + k));
        transpose(m);
        for (int l = 0; l < lanes; ++l)
            store(to + (k - begin + l) * lanes, m[l]);
    }
    return to + (first - begin) * lanes;
}

// Replace words by normals, pair by pair.
inline void normals(float* g, size_t count)
{
    for (size_t k = 0; k < count; k += 2) {
        vfloat first, second;
        box_muller(
            (vuint)load(g + k * lanes), (vuint)load(g + (k + 1) * lanes), first, second);
        store(g + k * lanes, first);
        store(g + (k + 1) * lanes, second);
    }
}

inline vfloat inner_product(const float* g, const float* x, size_t m, size_t stride)
{
    vfloat sum{};
    for (size_t j = 0; j < m; ++j)
        sum = sum + load(g + j * lanes) * load(x + j * stride);
    return sum;
}

// x[m] = H x with the Householder matrix of v = g + sign |g| e_0; g is overwritten.
inline void reflect(float* g, vuint sign, size_t m, float* x)
{
    const vfloat norm = square_root(inner_product(g, g, m, lanes));
    const vfloat g0 = load(g);
    store(g, g0 + (vfloat)((vuint)norm ^ sign));
    // 2 / v^T v = 1 / (|g| (|g| + |g0|)); no reflection if g is 0 (all radii 0).
    const vfloat half = norm * (norm + (vfloat)((vuint)g0 ^ sign));
    const vfloat scale = half > 0.0f ? 1.0f / half : vfloat{};
    const vfloat along = inner_product(g, x, m, items) * scale;
    for (size_t j = 0; j < m; ++j)
        store(x + j * items, load(x + j * items) - along * load(g + j * lanes));
}

void rotate(
    const uint32_t* words, size_t row, size_t reals, bool inverse, float* work, float* x)
{
    for (size_t part = 0; part < items; part += lanes)
        for (size_t step = 1; step <= reals; ++step) {
            const size_t m = inverse ? reals + 1 - step : step;
            const size_t first = words_up_to(reals) - words_up_to(m);
            float* g = gather_words(words + part * row, row, first, m + m % 2, work);
            normals(g, m + m % 2);
            const vuint sign = (vuint)load(g) & 0x80000000u;
            float* last = x + (reals - m) * items + part;
            // No other reflection comes between this one and its element of D.
            const vuint flip = m == 1 ? sign : sign ^ 0x80000000u;
            if (inverse && m > 1)
                reflect(g, sign, m, last);
            store(last, (vfloat)((vuint)load(last) ^ flip));
            if (!inverse && m > 1)
                reflect(g, sign, m, last);
        }
}

} // namespace

extern const keying_kernels keying_table = { rotate };

} // namespace gr::advphy::ADVPHY_SIMD_NAMESPACE
