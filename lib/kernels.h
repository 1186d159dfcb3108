// SPDX-License-Identifier: GPL-3.0-or-later
// Tables of the kernels that are compiled once per instruction set, one per folder.
#pragma once
#include "air/mixture_kernels.h"
#include "air/perturbation_kernels.h"
#include "code/code_kernels.h"
#include "keying/keying_kernels.h"
#include "modem/modem_kernels.h"
#include "network/network_kernels.h"
#include "random/random_kernels.h"

namespace gr::advphy {

struct kernel_table {
    const char* name;
    const random_kernels& random;
    const network_kernels& network;
    const code_kernels& code;
    const perturbation_kernels& perturbation;
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

} // namespace gr::advphy
