// SPDX-License-Identifier: GPL-3.0-or-later
#include "random/gaussian.h"
#include "instruction_set.h"
#include <algorithm>

namespace gr::advphy {

namespace {

// Write the elements of a draw, which write(groups, to) generates in groups of `size`.
// Whole groups are written in place, parts of a group are copied.
template <size_t size, typename Element, typename Write>
void write_elements(const draw& of, Element* out, Write write)
{
    for (size_t done = 0; done < of.count;) {
        const uint64_t group = (of.first + done) / size;
        const size_t skip = size_t((of.first + done) % size), left = of.count - done;
        if (skip == 0 && left >= size) {
            write(draw{ of.seed, of.which, group, left / size }, out + done);
            done += left / size * size;
        } else {
            Element some[size];
            write(draw{ of.seed, of.which, group, 1 }, some);
            std::copy_n(some + skip, std::min(size - skip, left), out + done);
            done += std::min(size - skip, left);
        }
    }
}

} // namespace

void gaussian(const draw& normals, float* out)
{
    write_elements<gaussian_group>(normals, out, kernels().random.gaussian_groups);
}

void add_gaussian(
    const draw& normals, float sigma, const float* x, float* y, const float* p)
{
    const auto part = [&](uint64_t first, size_t count) {
        return draw{ normals.seed, normals.which, first, count };
    };
    const auto add_part = [&](size_t begin, size_t end) { // of one group
        float some[gaussian_group];
        gaussian(part(normals.first + begin, end - begin), some);
        for (size_t i = begin; i < end; ++i) {
            const float sum = x[i] + sigma * some[i - begin];
            y[i] = p ? sum + p[i] : sum;
        }
    };
    const size_t begin = std::min(size_t(-normals.first % gaussian_group), normals.count);
    const size_t groups = (normals.count - begin) / gaussian_group;
    const size_t end = begin + groups * gaussian_group;
    const draw whole = part((normals.first + begin) / gaussian_group, groups);
    add_part(0, begin);
    kernels().random.add_gaussian_groups(
        whole, sigma, x + begin, y + begin, p ? p + begin : nullptr);
    add_part(end, normals.count);
}

void random_bytes(const draw& bytes, uint8_t mask, uint8_t* out)
{
    write_elements<byte_group>(bytes, out, [mask](const draw& groups, uint8_t* to) {
        kernels().random.word_groups(groups, mask * 0x01010101u, to);
    });
}

void random_words(const draw& counters, uint32_t* out)
{
    uint32_t group[word_group];
    for (size_t done = 0; done < counters.count;) {
        const uint64_t at = counters.first + done;
        kernels().random.word_groups(
            { counters.seed, counters.which, at / group_counters, 1 },
            ~0u,
            reinterpret_cast<uint8_t*>(group));
        for (size_t lane = at % group_counters;
             lane < group_counters && done < counters.count;
             ++lane, ++done)
            for (int word = 0; word < 4; ++word)
                out[4 * done + word] = group[word * group_counters + lane];
    }
}

} // namespace gr::advphy
