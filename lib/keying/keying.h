// SPDX-License-Identifier: GPL-3.0-or-later
// Orthogonal transforms x' = Q x chosen by random words, another Q for each item.
//
// An item has L reals in n = ceil(L / 2) complex samples: real j < n is the real part of
// sample j, real n + j its imaginary part. If L is odd, the last imaginary part is
// padding: it is not read, and written as 0. Items are [count][2n] floats; x and out may
// be the same array but must not overlap otherwise. Values that are not finite stay so.
//
// words [count][row], row >= W: the first W words of row i choose the Q of item i.
// Uniform and independent words give the distributions stated below. The inverse is the
// transpose. The bits of the result are the same on every instruction set.
//
// signs: W = ceil(L / 32). Real i changes its sign if bit i % 32, counted from the least
//     significant, of word i / 32 is set. Uniform on the 2^L choices.
// sign_permutation: W = L + ceil(L / 32). Fisher-Yates shuffle of order = 0..L-1:
//     for i = L-1, ..., 1: swap order[i] and order[j], j = (word i * (i + 1)) >> 32;
//     then out[i] = +-x[order[i]], with the signs from word L on. Word 0 is not used.
//     The draw below i + 1 favors some j by less than (i + 1) / 2^32 of its probability;
//     the order is within L (L + 1) / 2^34 of uniform in total variation (L = 23: 3e-8).
// rotation: W = sum over m = 1..L of 2 ceil(m / 2) = 2 floor((L + 1)^2 / 4). Uniform
//     (Haar) on the orthogonal matrices [stewart]: the Q that the Gaussian matrix has in
//     QR, with the diagonal of R positive. For m = L, ..., 1, each from 2 ceil(m / 2)
//     further words, a Gaussian vector g of length m; s_m = +-1 is the sign of g[0];
//     H_m reflects the last m reals at the hyperplane normal to g + s_m |g| e_0. Then
//     Q = H_L ... H_2 diag(-s_L, ..., -s_2, s_1).
//     Normals: two from the words a, b as in box_muller.h, within 6.66 sigma.
//     |Q^T Q x - x| is about 1e-6 |x|.
//
// [stewart] G. W. Stewart, "The efficient generation of random orthogonal matrices with
// an application to condition estimators", SIAM J. Numer. Anal. 17(3), 1980.
//
// Cost per item: signs about 2 L operations; sign_permutation about 15 L, one item at a
// time; rotation 4 L^2 operations and L^2 / 2 normals, 16 items at a time.
// Reference: the numpy matrices in tests/test_keying.py.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace gr::advphy {

// Largest number of reals of an item.
constexpr size_t largest_keyed = 1024;

struct keyed_items {
    const uint32_t* words;
    size_t row;
    const float* x;
    size_t count;
    bool inverse;
    float* out;
};

class keyed_transform
{
public:
    // std::invalid_argument if the name is not in names, or reals is out of range.
    keyed_transform(const std::string& name, size_t reals);

    static const std::vector<std::string> names;

    size_t reals() const { return d_place.size(); }
    // Floats of an item.
    size_t floats() const { return d_floats; }
    // W, the number of words that choose one transform.
    size_t words() const { return d_words; }

    // Write Q x, or the inverse, to out; std::invalid_argument if row < words().
    void apply(const keyed_items& items) const;

private:
    void permute(const keyed_items& items, bool shuffles) const;
    void rotate(const keyed_items& items) const;

    std::string d_name;
    std::vector<uint16_t> d_place; // index of each real among the floats of an item
    size_t d_floats, d_words;
};

} // namespace gr::advphy
