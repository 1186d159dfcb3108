// SPDX-License-Identifier: GPL-3.0-or-later
#include "air/perturbation.h"
#include "code/codebook.h"
#include "instruction_set.h"
#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>

namespace gr::advphy {

// The current blocks and their values, which are whole groups of counters.
struct perturbation::tile {
    const uint8_t* messages = nullptr;
    uint64_t first = 0;
    size_t count = 0;
    std::vector<uint32_t> words, held, turns;
    std::vector<float> cosine, sine, gains, samples;
    std::vector<size_t> offset;

    tile(size_t blocks, size_t floats)
        : words(4 * blocks), held(4 * (blocks + group_counters)), turns(blocks),
          cosine(blocks), sine(blocks), gains(2 * blocks), samples(blocks * floats),
          offset(blocks)
    {
    }
};

perturbation::perturbation(const std::vector<float>& rows,
                           size_t count,
                           const perturbation_settings& settings)
    : d_settings(settings), d_rows(count)
{
    const size_t floats = row_floats("perturbation", rows.size(), count, 2);
    if (settings.hold == 0)
        throw std::invalid_argument("hold must be at least 1 block, got 0");
    if (!settings.by_message && !settings.book && count != 1)
        throw std::invalid_argument("perturbation has " + std::to_string(count) +
                                    " rows, expected one row");
    d_n = floats / 2;
    d_tile = std::clamp<size_t>(4096 / floats / group_counters, 1, 16) * group_counters;
    d_stride = 2 * floats;
    d_draws = settings.random_shift || settings.random_phase || settings.random_frequency;
    d_holds = settings.random_sign || settings.book;
    const bool drifts = settings.frequency != 0 || settings.random_frequency;
    d_turns = settings.random_phase || settings.rayleigh || drifts;
    d_sampled = drifts || settings.jammer;
    d_table.assign((2 * count + 1) * d_stride, 0.0f);
    for (size_t r = 0; r < 2 * count; ++r)
        for (size_t j = 0; j < 2 * floats; ++j) {
            const float value = rows[r / 2 * floats + j % floats];
            d_table[r * d_stride + j] = r % 2 ? -value : value;
        }
    const bool constant = !settings.by_message && !d_draws && !d_holds &&
                          !settings.alternate_sign && !d_turns && on(0) &&
                          settings.off_blocks == 0;
    d_constant = constant && !settings.jammer;
    bool flat = constant && settings.jammer;
    for (size_t j = 0; j < floats; ++j)
        flat = flat && rows[j] == (j % 2 ? 0.0f : rows[0]);
    d_sigma = flat ? rows[0] : 0.0f;
}

bool perturbation::on(uint64_t block) const
{
    const uint64_t period = d_settings.off_blocks + d_settings.on_blocks;
    return period == 0 || block % period >= d_settings.off_blocks;
}

draw perturbation::jammer_samples(uint64_t first, size_t count) const
{
    return { d_settings.seed, stream::jammer, 2 * d_n * first, 2 * d_n * count };
}

// The words of each block, [block][4].
void perturbation::draw_values(tile& t) const
{
    const uint64_t seed = d_settings.seed;
    if (d_draws)
        random_words({ seed, stream::adversary, t.first, t.count }, t.words.data());
    if (d_holds) {
        const uint64_t from = t.first / d_settings.hold;
        const uint64_t to = (t.first + t.count - 1) / d_settings.hold;
        random_words({ seed, stream::adversary, from, size_t(to - from + 1) },
                     t.held.data());
    }
    if (d_settings.rayleigh)
        gaussian({ seed, stream::fading, 2 * t.first, 2 * t.count }, t.gains.data());
}

// The row of the table, of which two, with either sign, stand for one of the
// perturbation.
size_t perturbation::row_of(const tile& t, uint64_t block) const
{
    const uint64_t period = block / d_settings.hold;
    if (!d_holds)
        return d_settings.alternate_sign ? size_t(period % 2) : 0;
    const uint32_t word = t.held[4 * size_t(period - t.first / d_settings.hold) + 2];
    size_t row = 0;
    if (d_settings.book)
        row = 2 * size_t((uint64_t(word & 0x7fffffff) * d_rows) >> 31);
    if (d_settings.random_sign)
        return row + (word >> 31);
    return row + (d_settings.alternate_sign ? size_t(period % 2) : 0);
}

void perturbation::choose_rows(tile& t) const
{
    const size_t zeros = 2 * d_rows * d_stride;
    for (size_t i = 0; i < t.count; ++i) {
        size_t row = row_of(t, t.first + i);
        if (d_settings.by_message)
            row += 2 * size_t(t.messages[i]);
        size_t shift = 0;
        if (d_settings.random_shift)
            shift = size_t((uint64_t(t.words[4 * i]) * d_n) >> 32);
        const size_t begin = shift ? 2 * (d_n - shift) : 0;
        t.offset[i] = on(t.first + i) ? row * d_stride + begin : zeros;
    }
}

// The complex number that each block's row is multiplied by.
void perturbation::turn(tile& t) const
{
    for (size_t i = 0; i < t.count; ++i) {
        const uint64_t drift = d_settings.frequency * d_n * (t.first + i); // mod a turn
        t.turns[i] =
            uint32_t(drift >> 32) + (d_settings.random_phase ? t.words[4 * i + 1] : 0);
    }
    const size_t groups = (t.count + group_counters - 1) / group_counters;
    kernels().random.unit_circle(
        t.turns.data(), groups * group_counters, t.cosine.data(), t.sine.data());
    if (!d_settings.rayleigh)
        return;
    const float half = std::sqrt(0.5f);
    for (size_t i = 0; i < t.count; ++i) {
        const float c = t.cosine[i], s = t.sine[i];
        const float re = half * t.gains[2 * i], im = half * t.gains[2 * i + 1];
        t.cosine[i] = c * re - s * im;
        t.sine[i] = c * im + s * re;
    }
}

// Write the rows of the blocks, each multiplied by its complex number.
void perturbation::write_rows(tile& t) const
{
    float* out = t.samples.data();
    for (size_t i = 0; i < t.count; ++i, out += 2 * d_n) {
        const float* row = d_table.data() + t.offset[i];
        const float c = t.cosine[i], s = t.sine[i];
        if (d_turns)
            for (size_t j = 0; j < 2 * d_n; j += 2) {
                out[j] = row[j] * c - row[j + 1] * s;
                out[j + 1] = row[j + 1] * c + row[j] * s;
            }
        else
            std::copy_n(row, 2 * d_n, out);
    }
}

// Write the blocks sample by sample, for a frequency offset or a jammer.
void perturbation::write_samples(tile& t) const
{
    float* out = t.samples.data();
    if (d_settings.jammer)
        gaussian(jammer_samples(t.first, t.count), out);
    const double turn = 2 * M_PI;
    double step = turn * double(int64_t(d_settings.frequency)) * 0x1p-64;
    float step_re = float(std::cos(step)), step_im = float(std::sin(step));
    for (size_t i = 0; i < t.count; ++i) {
        if (d_settings.random_frequency) {
            step = turn * (t.words[4 * i + 3] * 0x1p-32 - 0.5) / double(d_n);
            step_re = float(std::cos(step));
            step_im = float(std::sin(step));
        }
        float re = d_turns ? t.cosine[i] : 1.0f, im = d_turns ? t.sine[i] : 0.0f;
        const float* row = d_table.data() + t.offset[i];
        for (size_t j = 0; j < 2 * d_n; j += 2, out += 2) {
            const float a = row[j] * re - row[j + 1] * im;
            const float b = row[j] * im + row[j + 1] * re;
            const float x = d_settings.jammer ? out[0] : 1.0f,
                        y = d_settings.jammer ? out[1] : 0.0f;
            out[0] = a * x - b * y;
            out[1] = a * y + b * x;
            const float next = re * step_re - im * step_im;
            im = re * step_im + im * step_re;
            re = next;
        }
    }
}

template <typename Use>
void perturbation::for_tiles(const uint8_t* messages,
                             uint64_t first,
                             size_t count,
                             Use use) const
{
    if (d_settings.by_message && !messages)
        throw std::invalid_argument(
            "messages are required, because the perturbation has a row for each message");
    if (d_settings.by_message)
        check_messages(messages, count, d_rows);
    if (count && first + (count - 1) < first)
        throw std::invalid_argument("the blocks from " + std::to_string(first) +
                                    " on pass the last index, 2^64 - 1");
    tile t(d_tile, 2 * d_n);
    for (size_t done = 0; done < count; done += d_tile) {
        t.first = first + done;
        t.count = std::min(d_tile, count - done);
        t.messages = messages ? messages + done : nullptr;
        if (done == 0 || !d_constant) {
            draw_values(t);
            choose_rows(t);
            if (d_turns)
                turn(t);
            if (d_sampled)
                write_samples(t);
            else
                write_rows(t);
        }
        use(t.samples.data(), 2 * d_n * t.count, 2 * d_n * done);
    }
}

void perturbation::write(const uint8_t* messages,
                         uint64_t first,
                         size_t count,
                         float* out) const
{
    for_tiles(messages, first, count, [out](const float* p, size_t size, size_t at) {
        std::copy_n(p, size, out + at);
    });
}

void perturbation::add(const uint8_t* messages,
                       uint64_t first,
                       size_t count,
                       float* y) const
{
    if (d_sigma != 0.0f)
        add_gaussian(jammer_samples(first, count), d_sigma, y, y);
    else
        for_tiles(messages, first, count, [y](const float* p, size_t size, size_t at) {
            for (size_t i = 0; i < size; ++i)
                y[at + i] += p[i];
        });
}

} // namespace gr::advphy
