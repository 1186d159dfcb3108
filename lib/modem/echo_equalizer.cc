// SPDX-License-Identifier: GPL-3.0-or-later
#include "modem/echo_equalizer.h"

namespace gr::advphy {

namespace {

// Without an echo |tap|^2 over its variance has an exponential distribution. With 11 taps
// one burst in 2500 has a false echo, whose effect is negligible.
constexpr double significance = 10;

} // namespace

echo_equalizer::echo_equalizer(const sample* y, const sample* known, int count)
{
    find_channel(y, known, count);
    const auto significant = [](std::complex<double> tap) { return tap != 0.0; };
    if (std::count_if(d_channel.begin(), d_channel.end(), significant) > 1)
        find_filter();
}

// Sums over i of conj(x[i - a]) x[i - b] for all delays a, b, without both ends. Each sum
// is its neighbor on the diagonal, shifted by one symbol.
hermitian_system echo_equalizer::correlations(const sample* x, int count) const
{
    constexpr int size = before + 1 + after;
    const int begin = after, end = count - before;
    const auto product = [x](int a, int b) {
        return std::complex<double>(std::conj(x[a]) * x[b]);
    };
    hermitian_system all(size);
    for (int lag = 0; lag < size; ++lag) {
        // Delays a = lag - before, b = -before; then both increase by one each time.
        std::complex<double> sum = 0;
        for (int i = begin; i < end; ++i)
            sum += product(i - (lag - before), i + before);
        for (int l = 0; l + lag < size; ++l) {
            const int a = l + lag - before, b = l - before;
            all.at(size_t(l + lag), size_t(l)) = sum;
            if (l + lag + 1 < size)
                sum += product(begin - 1 - a, begin - 1 - b) -
                       product(end - 1 - a, end - 1 - b);
        }
    }
    return all;
}

void echo_equalizer::find_channel(const sample* y, const sample* known, int count)
{
    constexpr int all = before + 1 + after;
    hermitian_system products = correlations(known, count);
    std::vector<std::complex<double>> projections(all);
    double energy = 0;
    const int begin = after, end = count - before;
    for (int i = begin; i < end; ++i) {
        energy += std::norm(y[i]);
        for (int k = 0; k < all; ++k)
            projections[size_t(k)] += std::conj(known[i - k + before]) * y[i];
    }
    std::vector<size_t> kept(all);
    for (size_t k = 0; k < kept.size(); ++k)
        kept[k] = k;
    // First with all taps, then only with the significant ones.
    for (int round = 0; round < 2; ++round) {
        hermitian_system normal(kept.size());
        std::vector<std::complex<double>> right;
        for (size_t k = 0; k < kept.size(); ++k) {
            right.push_back(projections[kept[k]]);
            for (size_t l = 0; l <= k; ++l)
                normal.at(k, l) = products.at(kept[k], kept[l]);
        }
        normal.factor();
        const auto taps = normal.solve(right);
        double explained = 0;
        for (size_t k = 0; k < taps.size(); ++k)
            explained += std::real(std::conj(taps[k]) * right[k]);
        d_noise = std::max((energy - explained) / (end - begin - all), 1e-12);
        d_channel.assign(all, 0.0);
        std::vector<size_t> significant;
        for (size_t k = 0; k < taps.size(); ++k) {
            const double variance = d_noise * normal.inverse_diagonal(k);
            if (kept[k] == before || std::norm(taps[k]) > significance * variance) {
                d_channel[kept[k]] = taps[k];
                significant.push_back(kept[k]);
            }
        }
        if (significant.size() == 1)
            return;
        kept = significant;
    }
}

void echo_equalizer::find_filter()
{
    // w = (H^H H + noise)^-1 H^H e, with the symbol itself in the middle: the matrix is
    // the autocorrelation of the channel, the right-hand side holds its taps.
    const int size = 2 * reach + 1, taps = before + 1 + after;
    hermitian_system normal{ size_t(size) };
    for (int k = 0; k < size; ++k)
        for (int l = 0; l <= k; ++l) {
            std::complex<double> sum = k == l ? d_noise : 0.0;
            for (int t = std::max(0, k - l); t < taps; ++t)
                sum += d_channel[size_t(t)] * std::conj(d_channel[size_t(t - (k - l))]);
            normal.at(size_t(k), size_t(l)) = sum;
        }
    // out[i] = sum over k of conj(w[k]) y[i + k - reach]; tap m puts x[i] into y[i + m].
    std::vector<std::complex<double>> right(size_t(size), 0.0);
    for (int t = 0; t < taps; ++t)
        right[size_t(reach + t - before)] = d_channel[size_t(t)];
    normal.factor();
    d_filter = normal.solve(right);
    for (auto& w : d_filter)
        w = std::conj(w);
    // No bias: the mean of out is x.
    std::complex<double> through = 0;
    for (int t = 0; t < taps; ++t)
        through += d_filter[size_t(reach + t - before)] * d_channel[size_t(t)];
    for (auto& w : d_filter)
        w /= through;
}

void echo_equalizer::apply(const sample* y, size_t count, sample* out) const
{
    std::vector<sample> padded(count + 2 * reach),
        filter(d_filter.begin(), d_filter.end());
    std::copy(y, y + count, padded.begin() + reach);
    for (size_t i = 0; i < count; ++i) {
        sample sum = 0;
        for (size_t k = 0; k < filter.size(); ++k)
            sum += filter[k] * padded[i + k];
        out[i] = sum;
    }
}

} // namespace gr::advphy
