// SPDX-License-Identifier: GPL-3.0-or-later
#include "instruction_set.h"
#include <atomic>
#include <cstdlib>
#include <stdexcept>

namespace gr::advphy {

namespace {

std::vector<const kernel_table*> usable()
{
    std::vector<const kernel_table*> found;
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
        found.push_back(&avx512::table);
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        found.push_back(&avx2::table);
#endif
    found.push_back(&baseline::table);
    return found;
}

const kernel_table* find(const std::string& name)
{
    std::string names;
    for (const kernel_table* table : usable()) {
        if (name == table->name)
            return table;
        names += (names.empty() ? "" : ", ") + std::string(table->name);
    }
    throw std::invalid_argument("instruction set '" + name +
                                "' is not available here; choose from " + names);
}

std::atomic<const kernel_table*>& chosen()
{
    static std::atomic<const kernel_table*> table = [] {
        const char* wanted = std::getenv("ADVPHY_INSTRUCTION_SET");
        return wanted && *wanted ? find(wanted) : usable().front();
    }();
    return table;
}

} // namespace

const kernel_table& kernels() { return *chosen().load(std::memory_order_relaxed); }

std::vector<std::string> instruction_sets()
{
    std::vector<std::string> names;
    for (const kernel_table* table : usable())
        names.push_back(table->name);
    return names;
}

void choose_instruction_set(const std::string& name) { chosen().store(find(name)); }

} // namespace gr::advphy
