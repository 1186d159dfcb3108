// SPDX-License-Identifier: GPL-3.0-or-later
// Perturbation of each block, as a pure function of (seed, index of the block).
//
// A perturbation is a table of rows of n complex samples: one row (universal), one row
// per message, a book of which a row is drawn, or one row of root mean squares that scale
// Gaussian samples (jammer). The settings select a cyclic shift, sign, phase and fading
// for each block. Random values are from Philox counter number `block` of the stream
// "adversary": word 0 gives the shift, 1 the phase, 3 the frequency offset. Word 2 of
// counter number block / hold gives the sign (bit 31) and the row of a book.
//
// Cost per block: one addition per float, limited by memory, for a constant row; with
// shifts or signs one more copy of a row; with phases or fading one more multiply-add per
// float; with frequency offsets or a faded jammer about 10 operations per sample.
// Reference: the numpy adversary in tests/test_adversary.py.
#pragma once
#include "random/gaussian.h"
#include <vector>

namespace gr::advphy {

// How the perturbation arrives.
struct perturbation_settings {
    bool by_message = false; // row s for message s; false: one row
    bool book = false; // a row drawn from all
    bool jammer = false;
    bool random_shift = false;
    bool random_phase = false;
    bool random_sign = false;
    bool alternate_sign = false; // plus, minus, plus, ...
    bool random_frequency = false; // at most half a turn per block, from phase 0
    bool rayleigh = false; // one gain per block, CN(0, 1)
    uint64_t frequency = 0; // in 2^-64 turns per sample, from sample 0 on
    uint64_t hold = 1; // blocks for which sign and row of a book stay
    uint64_t off_blocks = 0; // first part of a period, without perturbation
    uint64_t on_blocks = 0; // second part, with it; 0 and 0: always on
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

    // out[count][2n] = perturbation of block first, first + 1, ...; messages [count], or
    // null if the row does not depend on them.
    void write(const uint8_t* messages, uint64_t first, size_t count, float* out) const;
    // Add the same values to y.
    void add(const uint8_t* messages, uint64_t first, size_t count, float* y) const;

private:
    struct tile;

    template <typename Use>
    void for_tiles(const uint8_t* messages, uint64_t first, size_t count, Use use) const;
    draw jammer_samples(uint64_t first, size_t count) const;
    void draw_values(tile& t) const;
    size_t row_of(const tile& t, uint64_t block) const;
    void choose_rows(tile& t) const;
    void turn(tile& t) const;
    void write_rows(tile& t) const;
    void write_samples(tile& t) const;
    bool on(uint64_t block) const;

    perturbation_settings d_settings;
    size_t d_n;
    size_t d_rows;
    size_t d_tile; // blocks at a time
    size_t d_stride; // floats of a row, stored twice, so that a shift is an offset
    bool d_draws; // words are drawn for each block
    bool d_holds; // words are drawn for each `hold` blocks
    bool d_turns; // rows are multiplied by a complex number
    bool d_sampled; // one factor per sample: frequency offset or jammer
    bool d_constant; // every block has the same row
    std::vector<float> d_table; // [2 rows + 1][stride]: rows, negated, zeros
    // Of a jammer with equal root mean squares that is always on and is neither faded nor
    // rotated, else 0.
    float d_sigma = 0;
};

} // namespace gr::advphy
