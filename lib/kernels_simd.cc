// SPDX-License-Identifier: GPL-3.0-or-later
// The table of the kernels of one instruction set. Compiled once per instruction set.
#include "kernels.h"
#include "simd.h"

namespace gr::advphy::ADVPHY_SIMD_NAMESPACE {

void gaussian_groups(uint64_t, stream, uint64_t, size_t, float*);
void add_gaussian_groups(
    uint64_t, stream, uint64_t, size_t, float, const float*, float*, const float*);
void random_byte_groups(uint64_t, stream, uint64_t, size_t, uint8_t, uint8_t*);
void random_word_groups(uint64_t, stream, uint64_t, size_t, uint32_t*);
void unit_circle(const uint32_t*, size_t, float*, float*);
void run_network(const plan&, const float*, size_t, float*, float*);
size_t decide(const plan&, const float*, size_t, uint8_t*, uint8_t*, float*);
void look_up(const float*, size_t, size_t, const uint8_t*, size_t, float*);
size_t count_differences(const uint8_t*, const uint8_t*, size_t);
void write_rows(const float*, const size_t*, size_t, size_t, float*);
void write_turned_rows(const float*,
                       const float*,
                       const size_t*,
                       const float*,
                       const float*,
                       size_t,
                       size_t,
                       float*);
void add_floats(const float*, size_t, float*);
void add_pattern(const float*, size_t, size_t, float*);
void inner_products(const float*, size_t, const float*, int, int, float*);
void mixture_pass(const mixture_view&,
                  const float*,
                  const float*,
                  size_t,
                  const float*,
                  size_t,
                  float*,
                  float*,
                  float*,
                  float*,
                  double*);
void choose_components(
    const mixture_view&, const int*, const float*, size_t, float*, uint8_t*);
void rotate(const uint32_t*, size_t, size_t, bool, float*, float*);
void search(const search_view&, const float*, float*, float*, float*, float*);
void filter_symbols(
    const float*, const size_t*, const float* const*, size_t, size_t, float*);
void turn(const float*, size_t, const float*, size_t, float, float, float*);
void shape_pulses(const float*, size_t, const float*, size_t, size_t, float*);
size_t multiply_adds(size_t, float*);

#define ADVPHY_NAME_(x) #x
#define ADVPHY_NAME(x) ADVPHY_NAME_(x)

const kernel_table table = {
    ADVPHY_NAME(ADVPHY_SIMD_NAMESPACE),
    gaussian_groups,
    add_gaussian_groups,
    random_byte_groups,
    random_word_groups,
    unit_circle,
    run_network,
    decide,
    look_up,
    count_differences,
    write_rows,
    write_turned_rows,
    add_floats,
    add_pattern,
    inner_products,
    mixture_pass,
    choose_components,
    rotate,
    search,
    filter_symbols,
    turn,
    shape_pulses,
    multiply_adds,
};

} // namespace gr::advphy::ADVPHY_SIMD_NAMESPACE
