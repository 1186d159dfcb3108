// SPDX-License-Identifier: GPL-3.0-or-later
#include "air/mixture.h"
#include "instruction_set.h"
#include <algorithm>
#include <cmath>
#include <numeric>

namespace gr::advphy {

namespace {

constexpr double least_weight = 1e-6;
// Floats do not resolve noise this far (50 dB) below the energy of a channel use.
constexpr double least_relative_variance = 1e-5;
constexpr double too_large = 1e15; // its square is near the limit of a float

} // namespace

double energy_of(const row& of)
{
    return std::inner_product(std::begin(of), std::end(of), std::begin(of), 0.0);
}

observations::observations(const float* all,
                           const float* known,
                           const code& codewords,
                           const std::vector<size_t>& positions)
    : blocks(positions.size()), floats(codewords.floats), y(floats * blocks),
      with_codewords(codewords.messages * blocks), present(blocks)
{
    for (size_t b = 0; b < blocks; ++b) {
        const size_t at = positions[b] * floats;
        row from(floats);
        for (size_t f = 0; f < floats; ++f)
            from[f] = double(all[at + f]) - (known ? double(known[at + f]) : 0.0);
        const double square = energy_of(from);
        if (!(square < too_large))
            continue;
        present[b] = 1.0f;
        ++present_blocks;
        energy += square;
        for (size_t f = 0; f < floats; ++f)
            y[f * blocks + b] = float(from[f]);
    }
    kernels().mixture.inner_products(y.data(),
                                     blocks,
                                     codewords.values.data(),
                                     int(codewords.messages),
                                     int(floats),
                                     with_codewords.data());
}

row observations::block(size_t b) const
{
    row out(floats);
    for (size_t f = 0; f < floats; ++f)
        out[f] = y[f * blocks + b];
    return out;
}

row image_of(const transform& t, const row& p)
{
    const size_t n = p.size() / 2;
    row out(p.size());
    for (size_t i = 0; i < n; ++i) {
        const auto value = t.factor * std::complex<double>(p[2 * i], p[2 * i + 1]);
        const size_t to = (i + t.shift) % n;
        out[2 * to] = value.real();
        out[2 * to + 1] = value.imag();
    }
    return out;
}

row inverse_image(const transform& t, const row& p)
{
    const size_t n = p.size() / 2;
    return image_of({ (n - t.shift) % n, std::conj(t.factor) }, p);
}

statistics& statistics::operator+=(const statistics& other)
{
    blocks += other.blocks;
    for (size_t z = 0; z < sums.size(); ++z)
        sums[z] += other.sums[z];
    return *this;
}

mixture::mixture(const code& codewords, std::vector<transform> tied, rows components)
    : d_code(codewords), d_tied(std::move(tied)), d_p(std::move(components)),
      d_weights(d_p.size(), 1.0 / double(d_p.size()))
{
    double energy = 0;
    for (const float v : d_code.values)
        energy += double(v) * v;
    d_floor = least_relative_variance * energy / double(d_code.values.size());
    const size_t k = d_p.size();
    d_work.resize(mixture_floats(d_code.messages, k, d_code.floats));
    d_totals.resize(k * (d_code.messages + d_code.floats));
    d_statistics = { row(k), rows(k, row(d_code.floats)) };
}

mixture_view mixture::view() const
{
    return {
        int(d_code.messages), int(d_p.size()), int(d_code.floats), d_code.values.data(),
        d_rows.data(),        d_prior.data(),  d_inverse
    };
}

// The prior of a pair: log w_z - |x_s + p_z|^2 / (2 variance).
void mixture::prepare(double inverse_variance)
{
    const size_t k = d_p.size();
    d_inverse = float(inverse_variance);
    d_rows.resize(k * d_code.floats);
    d_prior.resize(k * d_code.messages);
    for (size_t z = 0; z < k; ++z)
        for (size_t f = 0; f < d_code.floats; ++f)
            d_rows[z * d_code.floats + f] = float(d_p[z][f]);
    for (size_t s = 0; s < d_code.messages; ++s)
        for (size_t z = 0; z < k; ++z) {
            double square = 0;
            for (size_t f = 0; f < d_code.floats; ++f) {
                const double v = d_code.values[s * d_code.floats + f] + d_p[z][f];
                square += v * v;
            }
            d_prior[s * k + z] =
                float(std::log(d_weights[z]) - square * inverse_variance / 2);
        }
}

// One expectation step: fill the statistics and return the log-likelihood.
double mixture::pass(const observations& from, size_t blocks, double variance)
{
    prepare(1 / variance);
    d_largest.resize(from.blocks);
    d_total.resize(from.blocks);
    d_mean.resize(from.blocks);
    const pass_results to{
        d_largest.data(), d_total.data(), d_mean.data(), d_totals.data()
    };
    kernels().mixture.pass(view(), from.view(blocks), d_work.data(), to);
    double score = 0, likelihood = 0, energy = 0, count = 0;
    for (size_t b = 0; b < blocks; b += 16) { // totals are 1..2^16: 16 of them fit
        double product = 1;
        for (size_t i = b; i < b + 16; ++i)
            if (from.present[i] != 0.0f) {
                score += d_mean[i];
                likelihood += double(d_largest[i]);
                product *= double(d_total[i]);
                count += 1;
            }
        likelihood += std::log(product);
    }
    if (blocks == from.blocks)
        energy = from.energy;
    else
        for (size_t f = 0; f < d_code.floats; ++f)
            for (size_t b = 0; b < blocks; ++b)
                energy +=
                    double(from.y[f * from.blocks + b]) * from.y[f * from.blocks + b];
    const size_t k = d_p.size();
    for (size_t z = 0; z < k; ++z) {
        d_statistics.blocks[z] = 0;
        row& left = d_statistics.sums[z];
        left =
            row(d_totals.data() + d_code.messages * k + z * d_code.floats, d_code.floats);
        for (size_t s = 0; s < d_code.messages; ++s) {
            const double share = d_totals[s * k + z];
            d_statistics.blocks[z] += share;
            for (size_t f = 0; f < d_code.floats; ++f)
                left[f] -= share * d_code.values[s * d_code.floats + f];
        }
        score -= d_statistics.blocks[z] * std::log(d_weights[z]);
    }
    d_residual = energy - 2 * variance * score;
    const double dimensions = count * double(d_code.floats);
    return likelihood - energy / (2 * variance) -
           dimensions / 2 * std::log(2 * M_PI * variance) -
           count * std::log(double(d_code.messages));
}

// Compute components and weights from the statistics, and correct the residual.
void mixture::maximize(const statistics* past)
{
    const size_t k = d_p.size();
    statistics all = d_statistics;
    if (past)
        all += *past;
    const double total =
        std::accumulate(std::begin(all.blocks), std::end(all.blocks), 1e-9);
    rows next(k);
    if (d_tied.empty()) {
        double sum = 0;
        for (size_t z = 0; z < k; ++z) {
            next[z] = all.sums[z] / std::max(all.blocks[z], 1e-9);
            d_weights[z] = std::max(all.blocks[z] / total, least_weight);
            sum += d_weights[z];
        }
        for (double& w : d_weights)
            w /= sum;
    } else {
        row p(d_code.floats);
        for (size_t z = 0; z < k; ++z)
            p += inverse_image(d_tied[z], all.sums[z]) / total;
        for (size_t z = 0; z < k; ++z)
            next[z] = image_of(d_tied[z], p);
    }
    for (size_t z = 0; z < k; ++z)
        for (size_t f = 0; f < d_code.floats; ++f) {
            const double change = next[z][f] - d_p[z][f];
            d_residual +=
                d_statistics.blocks[z] * change * change -
                2 * change *
                    (d_statistics.sums[z][f] - d_statistics.blocks[z] * d_p[z][f]);
        }
    d_p = std::move(next);
}

double mixture::fit(const observations& from,
                    size_t blocks,
                    size_t iterations,
                    const statistics* past,
                    bool fixed)
{
    double likelihood = 0;
    double present = 0;
    for (size_t b = 0; b < blocks; ++b)
        present += from.present[b];
    const double dimensions = std::max(1.0, present) * double(d_code.floats);
    const auto update_variance = [&] {
        d_variance = std::max(d_residual / dimensions, d_floor);
    };
    if (d_variance == 0) { // start with hard decisions
        pass(from, blocks, d_floor);
        update_variance();
    }
    for (size_t i = 0; i < iterations; ++i) {
        const double before = likelihood;
        likelihood = pass(from, blocks, d_variance);
        if (!fixed)
            maximize(past);
        update_variance();
        if (i > 0 && likelihood - before < enough_rise)
            break;
    }
    prepare(1 / d_variance);
    return likelihood;
}

double mixture::likelihood(const observations& of)
{
    return pass(of, of.blocks, d_variance);
}

void mixture::choose(const float* y, size_t count, uint8_t* component) const
{
    std::vector<int> identity(d_code.floats);
    std::iota(identity.begin(), identity.end(), 0);
    std::vector<float> work(mixture_floats(d_code.messages, d_p.size(), d_code.floats));
    kernels().mixture.choose_components(
        view(), identity.data(), y, count, work.data(), component);
}

row mixture::distances(const observations& from, size_t blocks)
{
    pass(from, blocks, d_floor);
    row out(blocks);
    for (size_t b = 0; b < blocks; ++b)
        if (from.present[b] != 0.0f)
            out[b] = energy_of(from.block(b)) - 2 * d_floor * d_largest[b];
    return out;
}

} // namespace gr::advphy
