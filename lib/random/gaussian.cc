// SPDX-License-Identifier: GPL-3.0-or-later
#include "random/gaussian.h"
#include "instruction_set.h"
#include <algorithm>

namespace gr::advphy {

namespace {

// Write elements first..first + count, which write(group, groups, to) generates in groups
// of `size`. Whole groups are written in place, parts of a group are copied.
template <size_t size, typename Element, typename Write>
void write_elements(uint64_t first, size_t count, Element* out, Write write)
{
    for (size_t done = 0; done < count;) {
        const uint64_t group = (first + done) / size;
        const size_t skip = size_t((first + done) % size), left = count - done;
        if (skip == 0 && left >= size) {
            write(group, left / size, out + done);
            done += left / size * size;
        } else {
            Element some[size];
            write(group, 1, some);
            std::copy_n(some + skip, std::min(size - skip, left), out + done);
            done += std::min(size - skip, left);
        }
    }
}

} // namespace

void gaussian(uint64_t seed, stream which, uint64_t first, size_t count, float* out)
{
    const auto write = [=](uint64_t group, size_t groups, float* to) {
        kernels().random.gaussian_groups(seed, which, group, groups, to);
    };
    write_elements<gaussian_group>(first, count, out, write);
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
    const auto add_part = [=](size_t begin, size_t end) { // of one group
        float normals[gaussian_group];
        gaussian(seed, which, first + begin, end - begin, normals);
        for (size_t i = begin; i < end; ++i) {
            const float sum = x[i] + sigma * normals[i - begin];
            y[i] = p ? sum + p[i] : sum;
        }
    };
    const size_t before = size_t(-first % gaussian_group);
    const size_t begin = std::min(before, count);
    const size_t groups = (count - begin) / gaussian_group;
    const size_t end = begin + groups * gaussian_group;
    add_part(0, begin);
    kernels().random.add_gaussian_groups(seed,
                                         which,
                                         (first + begin) / gaussian_group,
                                         groups,
                                         sigma,
                                         x + begin,
                                         y + begin,
                                         p ? p + begin : nullptr);
    add_part(end, count);
}

void random_bytes(
    uint64_t seed, stream which, uint64_t first, size_t count, uint8_t mask, uint8_t* out)
{
    const auto write = [=](uint64_t group, size_t groups, uint8_t* to) {
        kernels().random.word_groups(seed, which, group, groups, mask * 0x01010101u, to);
    };
    write_elements<byte_group>(first, count, out, write);
}

void random_words(
    uint64_t seed, stream which, uint64_t first, size_t count, uint32_t* out)
{
    uint32_t group[word_group];
    for (size_t done = 0; done < count;) {
        const uint64_t at = first + done;
        kernels().random.word_groups(
            seed, which, at / group_counters, 1, ~0u, reinterpret_cast<uint8_t*>(group));
        for (size_t lane = at % group_counters; lane < group_counters && done < count;
             ++lane, ++done)
            for (int word = 0; word < 4; ++word)
                out[4 * done + word] = group[word * group_counters + lane];
    }
}

} // namespace gr::advphy
