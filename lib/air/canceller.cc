// SPDX-License-Identifier: GPL-3.0-or-later
#include "air/canceller.h"
#include "code/codebook.h"
#include <algorithm>
#include <cmath>
#include <cstring>
#include <stdexcept>
#include <string>

namespace gr::advphy {

namespace {

// Blocks and iterations that compare the starts. More of them gave no better result at
// PSR -14..6 dB, Eb/N0 4 and 8 dB.
constexpr size_t trial_blocks = 64;
constexpr size_t trial_iterations = 3;
constexpr size_t most_guesses = 32;
constexpr size_t tile_blocks = 1024;

// One block of each stratum of blocks / count successive ones to fit and, if there is
// more than one in a stratum, another to check.
struct drawn_blocks {
    std::vector<size_t> fitted, checked;

    drawn_blocks(const float* y, size_t floats, size_t blocks, size_t count)
    {
        const size_t step = blocks / count;
        uint64_t state = 0;
        for (size_t first = 0; first < blocks; first += step) {
            uint64_t word;
            std::memcpy(&word, y + first * floats, sizeof(word));
            state = mixed(state ^ word);
            const size_t one = size_t(state % step);
            fitted.push_back(first + one);
            if (step > 1) {
                const size_t apart = 1 + size_t((state >> 32) % (step - 1));
                checked.push_back(first + (one + apart) % step);
            }
        }
    }

private:
    // The finalizer of SplitMix64: Steele, Lea and Flood 2014.
    static uint64_t mixed(uint64_t z)
    {
        z += 0x9e3779b97f4a7c15;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
        z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
        return z ^ (z >> 31);
    }
};

} // namespace

canceller::canceller(std::vector<float> codebook,
                     size_t messages,
                     std::vector<family> families,
                     size_t sampled,
                     size_t iterations)
    : d_code{ std::move(codebook), messages, 0 }, d_families(std::move(families)),
      d_sampled(sampled), d_iterations(iterations)
{
    d_code.floats = row_floats("codebook", d_code.values.size(), messages, 2);
    if (sampled == 0 || sampled % 16)
        throw std::invalid_argument("sample = " + std::to_string(sampled) +
                                    " blocks, expected a multiple of 16");
    if (iterations == 0 || d_families.empty())
        throw std::invalid_argument("expected at least one iteration and one family");
    for (const family& f : d_families)
        if (f.components == 0 || f.components > 256 ||
            (!f.tied.empty() && f.tied.size() != f.components))
            throw std::invalid_argument("components of a family must be in 1..256, with "
                                        "one transform each or none");
}

row canceller::difference_of_means(const observations& from) const
{
    row mean(floats());
    const double blocks = double(std::max<size_t>(from.present_blocks, 1));
    for (size_t f = 0; f < floats(); ++f) {
        float lane[16] = {}; // independent sums
        for (size_t b = 0; b < from.blocks; b += 16)
            for (size_t i = 0; i < 16; ++i)
                lane[i] += from.y[f * from.blocks + b + i];
        for (const float sum : lane)
            mean[f] += double(sum) / blocks;
        for (size_t s = 0; s < d_code.messages; ++s)
            mean[f] -= d_code.values[s * floats() + f] / double(d_code.messages);
    }
    return mean;
}

// y - x_s for the messages s nearest to y, the nearest first.
rows canceller::differences(const row& y, size_t most) const
{
    rows all(d_code.messages, y);
    std::vector<std::pair<double, size_t>> order;
    for (size_t s = 0; s < d_code.messages; ++s) {
        for (size_t f = 0; f < floats(); ++f)
            all[s][f] -= d_code.values[s * floats() + f];
        order.emplace_back(energy_of(all[s]), s);
    }
    std::sort(order.begin(), order.end());
    order.resize(std::min(order.size(), most));
    rows nearest;
    for (const auto& [energy, s] : order)
        nearest.push_back(all[s]);
    return nearest;
}

// Components far from each other: each is that of the block with the worst fit so far.
rows canceller::spread(const observations& from, row first, size_t count) const
{
    rows found{ std::move(first) };
    const size_t blocks = std::min(trial_blocks, from.blocks);
    while (found.size() < count) {
        mixture so_far(d_code, {}, found);
        const row distance = so_far.distances(from, blocks);
        const auto worst = std::max_element(std::begin(distance), std::end(distance));
        const row y = from.block(size_t(worst - std::begin(distance)));
        found.push_back(differences(y, 1)[0]);
    }
    return found;
}

std::vector<mixture> canceller::starts(const family& of, const observations& from) const
{
    std::vector<mixture> begin;
    const auto add = [&](rows components) {
        begin.emplace_back(d_code, std::vector<transform>{}, std::move(components));
    };
    const row mean = difference_of_means(from);
    if (of.components == 1) {
        add({ mean });
        return begin;
    }
    size_t b = 0;
    while (b + 1 < from.blocks && from.present[b] == 0.0f)
        ++b;
    // y - x_s of the first block is T_z p + noise for one of the messages at any power of
    // p. If there are many messages, only the nearest ones are used.
    for (const row& guess : differences(from.block(b), most_guesses)) {
        if (!of.tied.empty()) {
            rows images;
            for (const transform& t : of.tied)
                images.push_back(image_of(t, guess));
            begin.emplace_back(d_code, of.tied, std::move(images));
            continue;
        }
        add(spread(from, guess, of.components));
        if (of.components == 2) // equally likely, so that their mean is right
            add({ guess, 2.0 * mean - guess });
    }
    return begin;
}

mixture
canceller::fit(const family& of, const observations& from, double& likelihood) const
{
    std::vector<mixture> begin = starts(of, from);
    size_t best = 0;
    double highest = -HUGE_VAL;
    for (size_t i = 0; begin.size() > 1 && i < begin.size(); ++i) {
        const double found =
            begin[i].fit(from, std::min(trial_blocks, from.blocks), trial_iterations);
        if (found > highest) {
            highest = found;
            best = i;
        }
    }
    likelihood = begin[best].fit(from, from.blocks, d_iterations) - of.penalty;
    return begin[best];
}

estimate canceller::find(const float* y,
                         size_t blocks,
                         const estimate* past,
                         double forgetting,
                         double change,
                         const float* known) const
{
    if (blocks == 0 || blocks % d_sampled)
        throw std::invalid_argument("a window of " + std::to_string(blocks) +
                                    " blocks is not a multiple of the sample of " +
                                    std::to_string(d_sampled));
    const drawn_blocks drawn(y, floats(), blocks, d_sampled);
    const observations from(y, known, d_code, drawn.fitted);
    mixture nobody(d_code, {}, { row(floats()) });
    const auto all = [&](const std::vector<size_t>& positions) {
        return observations(y, nullptr, d_code, positions);
    };
    const auto noise_alone = [&](const observations& of) {
        return nobody.fit(of, d_sampled, d_iterations, nullptr, true);
    };
    const double without = known ? noise_alone(all(drawn.fitted)) : noise_alone(from);
    double best = 0;
    mixture fitted = fit(d_families[0], from, best);
    size_t which = 0;
    for (size_t i = 1; i < d_families.size(); ++i) {
        double likelihood = 0;
        mixture other = fit(d_families[i], from, likelihood);
        if (likelihood > best) {
            best = likelihood;
            fitted = std::move(other);
            which = i;
        }
    }
    statistics weight = fitted.fitted();
    if (past && forgetting > 0) {
        statistics before = past->weight;
        before.blocks *= forgetting;
        for (row& sum : before.sums)
            sum *= forgetting;
        mixture continued = past->fitted;
        const double likelihood = continued.fit(from, d_sampled, d_iterations, &before) -
                                  d_families[past->which].penalty;
        if (2 * (best - likelihood) <= change) {
            best = likelihood;
            which = past->which;
            weight = continued.fitted();
            weight += before;
            fitted = std::move(continued);
        }
    }
    const double statistic = from.present_blocks ? 2 * (best - without) : 0.0;
    double gain = 0;
    if (!drawn.checked.empty()) {
        const observations rest(y, known, d_code, drawn.checked);
        gain = 2 * fitted.likelihood(rest);
        gain -=
            2 * (known ? nobody.likelihood(all(drawn.checked)) : nobody.likelihood(rest));
    }
    return { std::move(fitted), which, statistic, gain, std::move(weight) };
}

void canceller::subtract(const estimate& found, float* y, size_t blocks) const
{
    std::vector<float> table; // [components][floats]
    for (const row& p : found.fitted.p())
        table.insert(table.end(), std::begin(p), std::end(p));
    std::vector<uint8_t> component(tile_blocks);
    for (size_t done = 0; done < blocks; done += tile_blocks) {
        const size_t count = std::min(tile_blocks, blocks - done);
        if (found.fitted.p().size() > 1)
            found.fitted.choose(y, count, component.data());
        for (size_t i = 0; i < count; ++i, y += floats()) {
            const float* p = table.data() + component[i] * floats();
            for (size_t f = 0; f < floats(); ++f)
                y[f] -= p[f];
        }
    }
}

} // namespace gr::advphy
