// SPDX-License-Identifier: GPL-3.0-or-later
// What an adversary adds to each block, as a pure function of (seed, index of the block).
//
// A perturbation is a table of rows of n complex samples: one row (universal), one for
// each message, or one of root mean squares that Gaussian samples are scaled by (jammer).
// Each block's row is shifted (cyclically), negated, turned and faded as the settings
// say. What is drawn comes from Philox counter number `block` of the stream
// "adversary": word 0 gives the shift, 1 the phase, 2 the sign, 3 the frequency offset.
//
// Cost per block: a universal one that never changes one addition a float, bound by
// memory; shifts and signs one copy of a row more; phases and fading one multiply-add a
// float more; frequency offsets and faded jammers some 10 operations a sample.
// Reference: the numpy adversary in tests/test_adversary.py.
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

namespace gr::advphy {

// How it arrives.
struct perturbation_settings {
    bool by_message = false; // row s for message s; otherwise there is one row
    bool jammer = false;
    bool random_shift = false;
    bool random_phase = false;
    bool random_sign = false;
    bool random_frequency = false; // within half a turn a block, from phase 0
    bool rayleigh = false; // one gain a block, CN(0, 1)
    uint64_t frequency = 0; // in 2^-64 turns a sample, from sample 0 on
    uint64_t off_blocks = 0; // of a period, before ...
    uint64_t on_blocks = 0; // ... these; 0 and 0: always on
    uint64_t seed = 1;
};

class perturbation
{
public:
    // rows: [rows][2n] floats, real and imaginary parts in turn.
    perturbation(const std::vector<float>& rows,
                 size_t count,
                 const perturbation_settings& settings);

    size_t n() const { return d_n; }

    // out[count][2n] = what arrives in block first, first + 1, ...; messages [count] or,
    // where the row does not depend on them, null.
    void write(const uint8_t* messages, uint64_t first, size_t count, float* out) const;
    // y += the same, to the bit.
    void add(const uint8_t* messages, uint64_t first, size_t count, float* y) const;

private:
    struct tile;

    template <typename Use>
    void for_tiles(const uint8_t* messages, uint64_t first, size_t count, Use use) const;
    void draw(tile& t, uint64_t first, size_t count) const;
    void
    choose_rows(tile& t, const uint8_t* messages, uint64_t first, size_t count) const;
    void turn(tile& t, uint64_t first, size_t count) const;
    void write_samples(tile& t, uint64_t first, size_t count) const;
    bool on(uint64_t block) const;

    perturbation_settings d_settings;
    size_t d_n;
    size_t d_rows;
    size_t d_tile; // blocks at a time
    size_t d_stride; // floats of a row, twice in a row so that a shift is an offset
    bool d_draws; // anything from the stream "adversary"
    bool d_turns; // rows are multiplied by a complex number
    bool d_sampled; // sample by sample: frequency offset or jammer
    std::vector<float> d_table; // [2 rows + 1][stride]: rows, negated, zeros
    std::vector<float> d_quadrature; // the table times the imaginary unit
    std::vector<float> d_pattern; // the only row again and again, or empty
    float d_sigma = 0; // of a jammer without any structure, or 0
};

} // namespace gr::advphy
