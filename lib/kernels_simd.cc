// SPDX-License-Identifier: GPL-3.0-or-later
// The table of the kernels of one instruction set. Compiled once per instruction set.
#include "instruction_set.h"
#include "simd.h"

namespace gr::advphy::ADVPHY_SIMD_NAMESPACE {

// Each is defined at the end of its *_simd.cc.
extern const random_kernels random_table;
extern const network_kernels network_table;
extern const mixture_kernels mixture_table;
extern const keying_kernels keying_table;
extern const modem_kernels modem_table;

#define ADVPHY_NAME_(x) #x
#define ADVPHY_NAME(x) ADVPHY_NAME_(x)

const kernel_table table = {
    ADVPHY_NAME(ADVPHY_SIMD_NAMESPACE),
    random_table,
    network_table,
    mixture_table,
    keying_table,
    modem_table,
};

} // namespace gr::advphy::ADVPHY_SIMD_NAMESPACE
