// SPDX-License-Identifier: GPL-3.0-or-later
#include "random/gaussian.h"
#include "instruction_set.h"
#include "random/random_simd.h"
#include <algorithm>

namespace gr::advphy {

namespace {

// Cut first..first + count into whole groups, given to whole(group, groups, offset), and
// parts of groups at the ends, given to part(group, skip, size, offset).
template <typename Whole, typename Part>
void cut(uint64_t first, size_t count, size_t group_size, Whole whole, Part part)
{
    size_t done = 0;
    while (done < count) {
        const uint64_t at = first + done;
        const uint64_t group = at / group_size;
        const size_t skip = size_t(at % group_size);
        if (skip == 0 && count - done >= group_size) {
            const size_t groups = (count - done) / group_size;
            whole(group, groups, done);
            done += groups * group_size;
        } else {
            const size_t size = std::min(group_size - skip, count - done);
            part(group, skip, size, done);
            done += size;
        }
    }
}

} // namespace

void gaussian(uint64_t seed, stream which, uint64_t first, size_t count, float* out)
{
    const kernel_table& k = kernels();
    cut(
        first,
        count,
        gaussian_group,
        [&](uint64_t group, size_t groups, size_t offset) {
            k.gaussian_groups(seed, which, group, groups, out + offset);
        },
        [&](uint64_t group, size_t skip, size_t size, size_t offset) {
            float some[gaussian_group];
            k.gaussian_groups(seed, which, group, 1, some);
            std::copy_n(some + skip, size, out + offset);
        });
}

void add_gaussian(uint64_t seed,
                  stream which,
                  uint64_t first,
                  size_t count,
                  float sigma,
                  const float* x,
                  float* y,
                  const float* p)
{
    const kernel_table& k = kernels();
    cut(
        first,
        count,
        gaussian_group,
        [&](uint64_t group, size_t groups, size_t offset) {
            k.add_gaussian_groups(seed,
                                  which,
                                  group,
                                  groups,
                                  sigma,
                                  x + offset,
                                  y + offset,
                                  p ? p + offset : nullptr);
        },
        [&](uint64_t group, size_t skip, size_t size, size_t offset) {
            float in[gaussian_group] = {}, added[gaussian_group] = {};
            float sum[gaussian_group];
            std::copy_n(x + offset, size, in + skip);
            if (p)
                std::copy_n(p + offset, size, added + skip);
            k.add_gaussian_groups(
                seed, which, group, 1, sigma, in, sum, p ? added : nullptr);
            std::copy_n(sum + skip, size, y + offset);
        });
}

void random_bytes(
    uint64_t seed, stream which, uint64_t first, size_t count, uint8_t mask, uint8_t* out)
{
    const kernel_table& k = kernels();
    cut(
        first,
        count,
        byte_group,
        [&](uint64_t group, size_t groups, size_t offset) {
            k.random_byte_groups(seed, which, group, groups, mask, out + offset);
        },
        [&](uint64_t group, size_t skip, size_t size, size_t offset) {
            uint8_t some[byte_group];
            k.random_byte_groups(seed, which, group, 1, mask, some);
            std::copy_n(some + skip, size, out + offset);
        });
}

void random_words(
    uint64_t seed, stream which, uint64_t first, size_t count, uint32_t* out)
{
    uint32_t group[word_group];
    for (size_t done = 0; done < count;) {
        const uint64_t at = first + done;
        kernels().random_word_groups(seed, which, at / group_counters, 1, group);
        for (size_t lane = at % group_counters; lane < group_counters && done < count;
             ++lane, ++done)
            for (int word = 0; word < 4; ++word)
                out[4 * done + word] = group[word * group_counters + lane];
    }
}

} // namespace gr::advphy
