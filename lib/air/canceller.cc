// SPDX-License-Identifier: GPL-3.0-or-later
#include "air/canceller.h"
#include "instruction_set.h"
#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>

namespace gr::advphy {

namespace {

// Starts are told apart by so many blocks and iterations: more found nothing better at
// PSR -14..6 dB, Eb/N0 4 and 8 dB.
constexpr size_t trial_blocks = 64;
constexpr size_t trial_iterations = 3;
constexpr size_t most_guesses = 32;
constexpr size_t tile_blocks = 1024;

double squared_distance(const std::vector<float>& y, const float* x)
{
    double sum = 0;
    for (size_t f = 0; f < y.size(); ++f)
        sum += (double(y[f]) - x[f]) * (double(y[f]) - x[f]);
    return sum;
}

} // namespace

canceller::canceller(std::vector<float> codebook,
                     size_t messages,
                     std::vector<family> families,
                     size_t sample,
                     size_t iterations)
    : d_codebook(std::move(codebook)), d_messages(messages),
      d_families(std::move(families)), d_sample(sample), d_iterations(iterations)
{
    if (messages == 0 || messages > 256 || d_codebook.empty() ||
        d_codebook.size() % (2 * messages))
        throw std::invalid_argument("codebook of " + std::to_string(d_codebook.size()) +
                                    " floats cannot have " + std::to_string(messages) +
                                    " rows of 1..256");
    d_floats = d_codebook.size() / messages;
    if (sample == 0 || sample % 16)
        throw std::invalid_argument("sample = " + std::to_string(sample) +
                                    " blocks, wanted a multiple of 16");
    if (iterations == 0 || d_families.empty())
        throw std::invalid_argument("wanted at least one iteration and one family");
    for (const family& f : d_families)
        if (f.components == 0 || f.components > 256 ||
            (!f.tied.empty() && f.tied.size() != f.components))
            throw std::invalid_argument("a family has 1..256 components, one for each "
                                        "transform where there are some");
}

std::vector<double> canceller::difference_of_means(const sample& from) const
{
    std::vector<double> mean(d_floats);
    const double blocks = double(std::max<size_t>(from.present_blocks, 1));
    for (size_t f = 0; f < d_floats; ++f) {
        float lane[16] = {}; // sums side by side, so that they do not wait
        for (size_t b = 0; b < from.blocks; b += 16)
            for (size_t i = 0; i < 16; ++i)
                lane[i] += from.y[f * from.blocks + b + i];
        for (const float sum : lane)
            mean[f] += double(sum) / blocks;
        for (size_t s = 0; s < d_messages; ++s)
            mean[f] -= d_codebook[s * d_floats + f] / double(d_messages);
    }
    return mean;
}

// y - x_s of the first block: for one of the messages it is T_z p + noise, however
// strong p is. Of many messages the nearest.
std::vector<std::vector<double>> canceller::first_guesses(const sample& from) const
{
    size_t b = 0;
    while (b + 1 < from.blocks && from.present[b] == 0.0f)
        ++b;
    const std::vector<float> y = from.row(b);
    std::vector<std::pair<double, size_t>> order;
    for (size_t s = 0; s < d_messages; ++s)
        order.emplace_back(squared_distance(y, &d_codebook[s * d_floats]), s);
    std::sort(order.begin(), order.end());
    order.resize(std::min(order.size(), most_guesses));
    std::vector<std::vector<double>> guesses;
    for (const auto& [distance, s] : order) {
        std::vector<double> p(d_floats);
        for (size_t f = 0; f < d_floats; ++f)
            p[f] = double(y[f]) - d_codebook[s * d_floats + f];
        guesses.push_back(std::move(p));
    }
    return guesses;
}

// Components far from each other: always that of the block worst explained so far.
canceller::components
canceller::spread(const sample& from, std::vector<double> first, size_t count) const
{
    components found{ std::move(first) };
    const size_t blocks = std::min(trial_blocks, from.blocks);
    while (found.size() < count) {
        mixture so_far(d_codebook, d_messages, {}, found);
        const std::vector<double> distance = so_far.distances(from, blocks);
        const size_t worst =
            size_t(std::max_element(distance.begin(), distance.end()) - distance.begin());
        const std::vector<float> y = from.row(worst);
        size_t nearest = 0;
        for (size_t s = 1; s < d_messages; ++s)
            if (squared_distance(y, &d_codebook[s * d_floats]) <
                squared_distance(y, &d_codebook[nearest * d_floats]))
                nearest = s;
        std::vector<double> p(d_floats);
        for (size_t f = 0; f < d_floats; ++f)
            p[f] = double(y[f]) - d_codebook[nearest * d_floats + f];
        found.push_back(std::move(p));
    }
    return found;
}

std::vector<mixture> canceller::starts(const family& of, const sample& from) const
{
    std::vector<mixture> begin;
    const std::vector<double> mean = difference_of_means(from);
    if (of.components == 1) {
        begin.emplace_back(
            d_codebook, d_messages, std::vector<transform>{}, components{ mean });
        return begin;
    }
    for (const std::vector<double>& guess : first_guesses(from)) {
        if (!of.tied.empty()) {
            begin.push_back(mixture::tied_to(d_codebook, d_messages, of.tied, guess));
            continue;
        }
        begin.emplace_back(d_codebook,
                           d_messages,
                           std::vector<transform>{},
                           spread(from, guess, of.components));
        if (of.components != 2)
            continue;
        std::vector<double> other(d_floats); // equally likely, so that the mean fits
        for (size_t f = 0; f < d_floats; ++f)
            other[f] = 2 * mean[f] - guess[f];
        begin.emplace_back(
            d_codebook, d_messages, std::vector<transform>{}, components{ guess, other });
    }
    return begin;
}

mixture canceller::fit(const family& of, const sample& from, double& likelihood) const
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
                         double change) const
{
    if (blocks == 0 || blocks % d_sample)
        throw std::invalid_argument("a window of " + std::to_string(blocks) +
                                    " blocks is not a multiple of the sample of " +
                                    std::to_string(d_sample));
    const sample from(y, d_codebook, d_messages, d_sample, blocks / d_sample);
    mixture nobody(d_codebook, d_messages, {}, { std::vector<double>(d_floats) });
    const double without = nobody.fit(from, d_sample, d_iterations, nullptr, true);
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
        for (size_t z = 0; z < before.blocks.size(); ++z) {
            before.blocks[z] *= forgetting;
            for (double& sum : before.sums[z])
                sum *= forgetting;
        }
        mixture continued = past->fitted;
        const double likelihood = continued.fit(from, d_sample, d_iterations, &before) -
                                  d_families[past->which].penalty;
        if (2 * (best - likelihood) <= change) {
            best = likelihood;
            which = past->which;
            weight = continued.fitted();
            for (size_t z = 0; z < before.blocks.size(); ++z) {
                weight.blocks[z] += before.blocks[z];
                for (size_t f = 0; f < d_floats; ++f)
                    weight.sums[z][f] += before.sums[z][f];
            }
            fitted = std::move(continued);
        }
    }
    const double statistic = from.present_blocks ? 2 * (best - without) : 0.0;
    return { std::move(fitted), which, statistic, std::move(weight) };
}

void canceller::subtract(const estimate& found, float* y, size_t blocks) const
{
    const auto& p = found.fitted.p();
    const size_t stride = d_floats + row_padding;
    std::vector<float> table(p.size() * stride);
    for (size_t z = 0; z < p.size(); ++z)
        for (size_t f = 0; f < d_floats; ++f)
            table[z * stride + f] = float(-p[z][f]);
    if (p.size() == 1) {
        std::vector<float> pattern(row_padding * d_floats);
        for (size_t i = 0; i < pattern.size(); ++i)
            pattern[i] = table[i % d_floats];
        kernels().add_pattern(pattern.data(), pattern.size(), blocks * d_floats, y);
        return;
    }
    std::vector<uint8_t> component(tile_blocks);
    std::vector<size_t> offset(tile_blocks);
    std::vector<float> rows(tile_blocks * d_floats + row_padding);
    for (size_t done = 0; done < blocks; done += tile_blocks) {
        const size_t count = std::min(tile_blocks, blocks - done);
        float* at = y + done * d_floats;
        found.fitted.choose(at, count, component.data());
        for (size_t i = 0; i < count; ++i)
            offset[i] = component[i] * stride;
        kernels().write_rows(table.data(), offset.data(), d_floats, count, rows.data());
        kernels().add_floats(rows.data(), count * d_floats, at);
    }
}

} // namespace gr::advphy
