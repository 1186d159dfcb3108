// SPDX-License-Identifier: GPL-3.0-or-later
// The kernels that are compiled once per instruction set, and their choice at run time.
// No inline code here: it would be compiled with each instruction set, and the linker
// keeps one copy for all.
#pragma once
#include "air/mixture_kernels.h"
#include "keying/keying_kernels.h"
#include "modem/modem_kernels.h"
#include "network/network_kernels.h"
#include "random/gaussian.h"
#include <string>
#include <vector>

namespace gr::advphy {

// The tables of the folders.
struct kernel_table {
    const char* name;
    const random_kernels& random;
    const network_kernels& network;
    const mixture_kernels& mixture;
    const keying_kernels& keying;
    const modem_kernels& modem;
};

namespace avx512 {
extern const kernel_table table;
}
namespace avx2 {
extern const kernel_table table;
}
namespace baseline {
extern const kernel_table table;
}

// The kernels in use: the best that this machine can run, or those chosen last. The
// environment variable ADVPHY_INSTRUCTION_SET selects others at the start.
const kernel_table& kernels();

// Names of the instruction sets of this build that this machine can run, best first.
std::vector<std::string> instruction_sets();

// Use the kernels of an instruction set; std::invalid_argument if it is not available.
void choose_instruction_set(const std::string& name);

} // namespace gr::advphy
