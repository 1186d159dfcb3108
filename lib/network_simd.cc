// SPDX-License-Identifier: GPL-3.0-or-later
// Networks on tiles of items, one item a lane; code look-up and counting.
//
// Compiled once per instruction set. A tile holds `tile` items as [feature][item], so
// every layer is arithmetic between whole vectors, and an item's result does not depend
// on its place in the batch. Cost of an affine map: one multiply-add per weight and item.
#include "kernels.h"
#include "simd.h"

namespace advphy {
namespace ADVPHY_SIMD_NAMESPACE {

namespace {

constexpr int tile_vectors = 2;
constexpr int tile = tile_vectors * lanes;
#if defined(ADVPHY_AVX512)
constexpr int channels_at_once = 8; // 16 accumulators of 32 registers
#else
constexpr int channels_at_once = 4; // 8 accumulators of 16 registers
#endif
static_assert(channel_block % channels_at_once == 0, "padding of the weights");
static_assert(tile <= 32, "work_floats counts on it");

inline vfloat maximum(vfloat a, vfloat b) { return a > b ? a : b; }

// exp(x) = power + power * rest, with |rest| < 1/2; polynomial: fit_polynomials.py.
struct exponential {
    vfloat power, rest;

    explicit exponential(vfloat x)
    {
        x = maximum(x, fill(-80.0f));
        x = x < 80.0f ? x : fill(80.0f);
        const vfloat half = (vfloat)(((vuint)x & 0x80000000u) | 0x3f000000u);
        const vint n = __builtin_convertvector(x * 1.442695041f + half, vint);
        const vfloat nf = __builtin_convertvector(n, vfloat);
        // ln 2 in two parts, so that n ln 2 is exact enough.
        const vfloat r = (x - nf * 0.693359375f) - nf * -2.12194440e-4f;
        vfloat p = fill(1.989928569e-04f);
        p = p * r + 1.394111896e-03f;
        p = p * r + 8.333298378e-03f;
        p = p * r + 4.166635126e-02f;
        p = p * r + 1.666666716e-01f;
        p = p * r + 5.000000000e-01f;
        rest = p * r * r + r;
        power = (vfloat)((n + 127) << 23);
    }

    vfloat value() const { return power * rest + power; }
    // exp(x) - 1, with a small relative error near 0, too.
    vfloat minus_one() const { return power * rest + (power - 1.0f); }
};

inline vfloat apply(activation then, float alpha, vfloat x)
{
    switch (then) {
    case activation::relu:
        return maximum(x, vfloat{});
    case activation::elu:
        return x > 0.0f ? x : alpha * exponential(x).minus_one();
    default:
        return x;
    }
}

void run_affine(const affine_map& map, const float* in, float* out)
{
    for (int position = 0; position < map.positions; ++position)
        for (int c0 = 0; c0 < map.channels; c0 += channels_at_once) {
            vfloat sum[channels_at_once][tile_vectors];
            for (int c = 0; c < channels_at_once; ++c)
                for (int v = 0; v < tile_vectors; ++v)
                    sum[c][v] = fill(map.bias[c0 + c]);
            for (int t = map.first_tap[position]; t < map.first_tap[position + 1]; ++t) {
                const float* x = in + size_t(map.tap_feature[t]) * tile;
                const float* w =
                    map.weights + size_t(map.tap_row[t]) * map.padded_channels + c0;
                for (int v = 0; v < tile_vectors; ++v) {
                    const vfloat value = load(x + v * lanes);
                    for (int c = 0; c < channels_at_once; ++c)
                        sum[c][v] += w[c] * value;
                }
            }
            const int wanted = map.channels - c0;
            for (int c = 0; c < channels_at_once && c < wanted; ++c)
                for (int v = 0; v < tile_vectors; ++v)
                    store(out + (size_t(c0 + c) * map.positions + position) * tile +
                              v * lanes,
                          apply(map.then, map.alpha, sum[c][v]));
        }
}

void run_softmax(int features, float* x)
{
    for (int v = 0; v < tile; v += lanes) {
        vfloat largest = load(x + v);
        for (int f = 1; f < features; ++f)
            largest = maximum(largest, load(x + size_t(f) * tile + v));
        // Kahan's sum: plain ones lose digits over hundreds of features.
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

void run_l2_normalisation(int features, float energy, float* x)
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

// Run the steps on one tile; return where the outputs are. a and b are the two buffers.
float* run_steps(const plan& net, float* a, float* b)
{
    for (int i = 0; i < net.step_count; ++i) {
        const step& s = net.steps[i];
        const size_t size = size_t(s.features) * tile;
        switch (s.kind) {
        case step_kind::affine: {
            run_affine(s.affine, a, b);
            float* swap = a;
            a = b;
            b = swap;
            break;
        }
        case step_kind::relu:
        case step_kind::elu: {
            const activation then =
                s.kind == step_kind::relu ? activation::relu : activation::elu;
            for (size_t j = 0; j < size; j += lanes)
                store(a + j, apply(then, s.value, load(a + j)));
            break;
        }
        case step_kind::softmax:
            run_softmax(s.features, a);
            break;
        case step_kind::l2_normalisation:
            run_l2_normalisation(s.features, s.value, a);
            break;
        case step_kind::scale:
            for (size_t j = 0; j < size; j += lanes)
                store(a + j, load(a + j) * s.value);
            break;
        }
    }
    return a;
}

#if defined(__clang__) || __GNUC__ >= 12
#define ADVPHY_INTERLEAVE 1
#else
#define ADVPHY_INTERLEAVE 0
#endif

#if ADVPHY_INTERLEAVE
// The low (high) halves of a and b, element by element in turn.
#if defined(ADVPHY_AVX512)
#define ADVPHY_LOW 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23
#define ADVPHY_HIGH 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31
#elif defined(ADVPHY_AVX2)
#define ADVPHY_LOW 0, 8, 1, 9, 2, 10, 3, 11
#define ADVPHY_HIGH 4, 12, 5, 13, 6, 14, 7, 15
#else
#define ADVPHY_LOW 0, 4, 1, 5
#define ADVPHY_HIGH 2, 6, 3, 7
#endif

// Transpose in place, by perfect shuffles: log2(lanes) rounds of lanes instructions.
inline void transpose(vfloat (&m)[lanes])
{
    vfloat n[lanes];
    for (int distance = 1; distance < lanes; distance *= 2) {
        for (int i = 0; i < lanes / 2; ++i) {
            n[2 * i] = __builtin_shufflevector(m[i], m[i + lanes / 2], ADVPHY_LOW);
            n[2 * i + 1] = __builtin_shufflevector(m[i], m[i + lanes / 2], ADVPHY_HIGH);
        }
        for (int i = 0; i < lanes; ++i)
            m[i] = n[i];
    }
}
#else
inline void transpose(vfloat (&m)[lanes])
{
    for (int i = 0; i < lanes; ++i)
        for (int j = 0; j < i; ++j) {
            const float swap = m[i][j];
            m[i][j] = m[j][i];
            m[j][i] = swap;
        }
}
#endif

// Fill a tile from rows that may be read to `lanes` floats past their last column.
void load_tile(const plan& net, const float* rows, size_t stride, float* features)
{
    for (int c0 = 0; c0 < net.inputs; c0 += lanes)
        for (int v = 0; v < tile_vectors; ++v) {
            vfloat m[lanes];
            for (int i = 0; i < lanes; ++i)
                m[i] = load(rows + (v * lanes + i) * stride + c0);
            transpose(m);
            for (int i = 0; i < lanes && c0 + i < net.inputs; ++i)
                store(features + size_t(net.slot[c0 + i]) * tile + v * lanes, m[i]);
        }
}

// Where the parts of the work memory are.
struct work_memory {
    float *a, *b, *rows;
    size_t row;

    work_memory(const plan& net, float* work)
        : a(work), b(work + size_t(tile) * net.widest),
          rows(work + size_t(2) * tile * net.widest), row(size_t(net.inputs) + lanes)
    {
    }
};

// Load the tile that begins at item `first` of `count`; pad behind the last item.
void load_tile_at(
    const plan& net, const float* in, size_t first, size_t count, const work_memory& work)
{
    const size_t width = net.inputs;
    // Items whose rows may be over-read lie at least `lanes` floats before the end.
    const size_t left = count - first;
    if (left > tile && (left - tile) * width >= lanes) {
        load_tile(net, in + first * width, width, work.a);
        return;
    }
    const size_t items = left < tile ? left : tile;
    for (size_t i = 0; i < tile; ++i)
        for (size_t c = 0; c < width; ++c)
            work.rows[i * work.row + c] = i < items ? in[(first + i) * width + c] : 0.0f;
    load_tile(net, work.rows, work.row, work.a);
}

// Index of the largest of `outputs` logits per item, the first of equals; erase items
// with `poison` or with logits that are not finite.
size_t decide_tile(int outputs,
                   const float* logits,
                   const vfloat* poison,
                   size_t items,
                   uint8_t* messages,
                   uint8_t* erased)
{
    alignas(64) uint8_t decided[tile], flags[tile];
    for (int v = 0; v < tile_vectors; ++v) {
        vfloat best = load(logits + v * lanes);
        vfloat bad = poison[v] + best * 0.0f;
        vint index = vint{};
        for (int f = 1; f < outputs; ++f) {
            const vfloat x = load(logits + size_t(f) * tile + v * lanes);
            bad += x * 0.0f;
            index = x > best ? fill_int(f) : index;
            best = x > best ? x : best;
        }
        const vint erase = bad != 0.0f; // NaN where anything was not finite
        index = erase ? vint{} : index;
        *reinterpret_cast<vbytes*>(decided + v * lanes) =
            __builtin_convertvector(index, vbytes);
        *reinterpret_cast<vbytes*>(flags + v * lanes) =
            __builtin_convertvector(erase & 1, vbytes);
    }
    size_t erasures = 0;
    for (size_t i = 0; i < items; ++i) {
        messages[i] = decided[i];
        erased[i] = flags[i];
        erasures += flags[i];
    }
    return erasures;
}

} // namespace

void run_network(const plan& net, const float* in, size_t count, float* out, float* work)
{
    const work_memory memory(net, work);
    for (size_t first = 0; first < count; first += tile) {
        load_tile_at(net, in, first, count, memory);
        const float* result = run_steps(net, memory.a, memory.b);
        const size_t items = count - first < tile ? count - first : tile;
        for (size_t i = 0; i < items; ++i)
            for (int f = 0; f < net.outputs; ++f)
                out[(first + i) * net.outputs + f] = result[size_t(f) * tile + i];
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
        const float* logits = run_steps(net, memory.a, memory.b);
        const size_t items = count - first < tile ? count - first : tile;
        erasures += decide_tile(
            net.outputs, logits, poison, items, messages + first, erased + first);
    }
    return erasures;
}

void look_up(const float* codebook,
             size_t row_floats,
             size_t padded_row_floats,
             const uint8_t* messages,
             size_t count,
             float* out)
{
    // Whole vectors, each row written over the surplus of the row before; the rows at
    // the end, where a surplus would leave `out`, float by float.
    const size_t surplus = (padded_row_floats - row_floats + row_floats - 1) / row_floats;
    const size_t whole = count > surplus ? count - surplus : 0;
    for (size_t i = 0; i < whole; ++i) {
        const float* row = codebook + messages[i] * padded_row_floats;
        for (size_t j = 0; j < row_floats; j += lanes)
            store(out + i * row_floats + j, load(row + j));
    }
    for (size_t i = whole; i < count; ++i)
        for (size_t j = 0; j < row_floats; ++j)
            out[i * row_floats + j] = codebook[messages[i] * padded_row_floats + j];
}

size_t count_differences(const uint8_t* a, const uint8_t* b, size_t count)
{
    size_t differences = 0;
    for (size_t i = 0; i < count; ++i)
        differences += a[i] != b[i];
    return differences;
}

size_t multiply_adds(size_t rounds, float* sink)
{
    vfloat sum[channels_at_once * tile_vectors];
    for (int i = 0; i < channels_at_once * tile_vectors; ++i)
        sum[i] = fill(sink[i % lanes] + float(i));
    const vfloat a = fill(0.5f), b = fill(1.0f); // tends to 2, never to a denormal
    for (size_t r = 0; r < rounds; ++r)
#pragma GCC unroll 16
        for (int i = 0; i < channels_at_once * tile_vectors; ++i)
            sum[i] = sum[i] * a + b;
    for (int i = 0; i < channels_at_once * tile_vectors; ++i)
        store(sink, load(sink) + sum[i]);
    return rounds * channels_at_once * tile_vectors * lanes;
}

} // namespace ADVPHY_SIMD_NAMESPACE
} // namespace advphy
