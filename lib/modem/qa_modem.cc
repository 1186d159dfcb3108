// SPDX-License-Identifier: GPL-3.0-or-later
// Tests of the modem: the search compared with brute force on every instruction set, with
// and without a preamble; the header's code; tracking compared with least squares; the
// equalizer with echoes; and a synchronizer that survives any input.
#include "modem/burst_synchronizer.h"
#include "modem/echo_equalizer.h"
#include "qa.h"
#include <cmath>
#include <cstring>

using namespace gr::advphy;

namespace {

// Root-raised-cosine with roll-off 0.4 [proakis, Sec. 9.2]; t in symbols.
double pulse(double t)
{
    const double b = 0.4;
    t += 1e-7; // off the poles
    return (std::sin(M_PI * t * (1 - b)) + 4 * b * t * std::cos(M_PI * t * (1 + b))) /
           (M_PI * t * (1 - std::pow(4 * b * t, 2))) / 2;
}

// A small layout; frame.py makes the real ones.
frame_layout small_layout()
{
    frame_layout layout{};
    layout.version = 1;
    layout.n = 7;
    layout.codewords = 8;
    layout.samples_per_symbol = 4;
    layout.span = 8;
    layout.rolloff = 0.4;
    layout.segment = 8;
    layout.preamble_at = 6;
    layout.scale = 1;
    layout.phases = 4;
    const int taps = layout.span * layout.samples_per_symbol + 2;
    for (int p = 0; p < layout.phases; ++p)
        for (int t = 0; t < taps; ++t)
            layout.bank.push_back(float(pulse((t - 16 - p / 4.0) / 4)));
    unsigned shift_register = 127;
    for (int i = 0; i < 128; ++i) {
        layout.preamble.push_back(shift_register & 64 ? -1 : 1);
        const unsigned fresh = (shift_register >> 6 ^ shift_register >> 5) & 1;
        shift_register = (shift_register << 1 | fresh) & 127;
    }
    int at = layout.preamble_at + 128;
    for (size_t i = 0; i < header_symbols; ++i) {
        layout.header_at.push_back(at++);
        if (i % 32 == 31 || i + 1 == header_symbols)
            for (int k = 0; k < 2; ++k)
                layout.pilot_at.push_back(at++);
    }
    layout.symbols.push_back(0);
    for (int c = 0; c < layout.codewords; ++c) {
        for (int i = 0; i < layout.n; ++i)
            layout.payload_at.push_back(at++);
        if (c % 4 == 3)
            for (int k = 0; k < 2; ++k)
                layout.pilot_at.push_back(at++);
        layout.symbols.push_back(at + 6);
    }
    layout.pilots.assign(layout.pilot_at.size(), sample(1));
    return layout;
}

std::vector<sample> noise(size_t count, float deviation, unsigned seed)
{
    const auto reals = random_floats(2 * count, seed, deviation);
    std::vector<sample> made;
    for (size_t i = 0; i < count; ++i)
        made.emplace_back(reals[2 * i], reals[2 * i + 1]);
    return made;
}

// Pulses of symbols, of which the first begins at sample `at`.
void add_symbols(const frame_layout& layout,
                 const std::vector<sample>& symbols,
                 size_t at,
                 double cycles,
                 std::vector<sample>& to)
{
    for (size_t i = 0; i < symbols.size(); ++i)
        for (size_t t = 0; t < layout.taps(); ++t) {
            const size_t to_at = at + i * size_t(layout.samples_per_symbol) + t;
            to[to_at] += symbols[i] * layout.bank[t] *
                         sample(std::polar(1.0, 2 * M_PI * cycles * double(to_at)));
        }
}

std::vector<sample> preamble_of(const frame_layout& layout)
{
    return { layout.preamble.begin(), layout.preamble.end() };
}

// The metric at a position by its definition, in double precision.
double metric_at(const frame_layout& layout, const sample* x)
{
    std::vector<std::complex<double>> y(128), sums(16);
    double energy = 0;
    for (size_t i = 0; i < 128; ++i) {
        for (size_t t = 0; t < layout.taps(); ++t)
            y[i] += std::complex<double>(x[4 * i + t]) * double(layout.bank[t]);
        sums[i / 8] += y[i] * double(layout.preamble[i]);
        energy += std::norm(y[i]);
    }
    std::complex<double> products = 0;
    for (size_t k = 1; k < 16; ++k)
        products += sums[k] * std::conj(sums[k - 1]);
    return std::norm(products) / std::pow(7.5 * energy, 2);
}

} // namespace

BOOST_AUTO_TEST_CASE(the_search_is_its_definition_on_every_instruction_set)
{
    const frame_layout layout = small_layout();
    on_each_instruction_set([&] {
        burst_search search(layout);
        std::vector<sample> x = noise(search.samples(), 0.5f, 1);
        add_symbols(layout, preamble_of(layout), 300, 0.003, x);
        search.run(x.data());
        for (size_t q = 0; q < search.positions(); q += 7) {
            const double expected = metric_at(layout, x.data() + q * search.stride());
            BOOST_TEST(std::abs(search.metric()[q] - expected) < 1e-5);
        }
        BOOST_TEST(std::abs(search.frequency(150) - 4 * 0.003) < 2e-3);
    });
}

BOOST_AUTO_TEST_CASE(a_preamble_is_found_once_and_not_half_of_it_early)
{
    const frame_layout layout = small_layout();
    burst_search search(layout);
    std::vector<sample> x(search.samples());
    const size_t at = 600; // half a preamble is 256 samples
    add_symbols(layout, preamble_of(layout), at, 0, x);
    search.run(x.data());
    for (size_t q = 0; q < search.positions(); ++q) {
        const auto off = std::abs(double(q * search.stride()) - double(at));
        if (off == 0)
            BOOST_TEST(search.metric()[q] > 0.9);
        if (off > 8) // outside of its own pulse
            BOOST_TEST(search.metric()[q] < 0.25 * 0.25); // a crossing costs a header
    }
}

BOOST_AUTO_TEST_CASE(a_header_survives_errors_that_its_distance_covers)
{
    std::mt19937 generator(5);
    for (int round = 0; round < 50; ++round) {
        burst_header sent;
        for (uint8_t& byte : sent.bytes)
            byte = uint8_t(generator());
        std::vector<sample> symbols(header_symbols);
        encode_header(sent, symbols.data());
        // 9 of the 20 bits of distance: fewer than half.
        for (int error = 0; error < 9; ++error) {
            sample& hit = symbols[generator() % header_symbols];
            hit = { -hit.real(), hit.imag() };
        }
        BOOST_TEST(
            !std::memcmp(decode_header(symbols.data()).bytes, sent.bytes, header_bytes));
    }
}

BOOST_AUTO_TEST_CASE(tracking_without_a_walk_is_the_least_squares_line)
{
    std::mt19937 generator(6);
    std::normal_distribution<double> normal(0, 0.05);
    std::vector<known_group> groups;
    double s = 0, sx = 0, sxx = 0, sy = 0, sxy = 0;
    for (int g = 0; g < 40; ++g) {
        const double at = 20 * g + g % 3, energy = 2 + g % 2;
        const double angle = 0.7 + 0.002 * at + normal(generator);
        groups.push_back({ at, std::polar(3 * energy, angle), energy });
        s += energy;
        sx += energy * at;
        sxx += energy * at * at;
        sy += energy * angle;
        sxy += energy * at * angle;
    }
    const double slope = (s * sxy - sx * sy) / (s * sxx - sx * sx);
    const double offset = (sy - slope * sx) / s;
    const phase_tracker tracked(groups, 1.0, 0, 10);
    for (const double at : { -30.0, 0.0, 101.5, 790.0, 900.0 })
        BOOST_TEST(std::abs(tracked.phase(at) - (offset + slope * at)) < 1e-3);
    BOOST_TEST(std::abs(tracked.frequency() - slope) < 1e-6);
    BOOST_TEST(std::abs(tracked.gain() - 3) < 0.02);
}

BOOST_AUTO_TEST_CASE(a_system_of_equations_is_solved)
{
    std::mt19937 generator(7);
    std::normal_distribution<double> normal;
    const size_t size = 12;
    std::vector<std::vector<std::complex<double>>> b(size), a(size);
    for (size_t k = 0; k < size; ++k)
        for (size_t l = 0; l < size; ++l)
            b[k].emplace_back(normal(generator), normal(generator));
    hermitian_system system(size);
    for (size_t k = 0; k < size; ++k)
        for (size_t l = 0; l < size; ++l) {
            std::complex<double> sum = 0;
            for (size_t m = 0; m < size; ++m)
                sum += b[k][m] * std::conj(b[l][m]);
            a[k].push_back(sum);
            system.at(k, l) = sum;
        }
    std::vector<std::complex<double>> right(size, { 1, -2 });
    system.factor();
    const auto x = system.solve(right);
    for (size_t k = 0; k < size; ++k) {
        std::complex<double> sum = 0;
        for (size_t l = 0; l < size; ++l)
            sum += a[k][l] * x[l];
        BOOST_TEST(std::abs(sum - right[k]) < 1e-8);
    }
}

BOOST_AUTO_TEST_CASE(an_echo_is_undone_and_without_one_nothing_is_done)
{
    std::mt19937 generator(8);
    std::vector<sample> sent(600), y(600), out(600);
    for (sample& x : sent)
        x = sample(std::polar(1.0, M_PI_2 * double(generator() % 4)));
    const auto grain = noise(600, 0.05f, 9);
    for (size_t i = 0; i < y.size(); ++i)
        y[i] = sent[i] + grain[i];
    BOOST_TEST(!echo_equalizer(y.data(), sent.data(), 400).needed());
    const sample echo(0.2f, -0.245f); // -10 dB
    for (size_t i = 2; i < y.size(); ++i)
        y[i] += echo * sent[i - 2];
    const echo_equalizer equalizer(y.data(), sent.data(), 400);
    BOOST_REQUIRE(equalizer.needed());
    BOOST_TEST(std::abs(equalizer.channel()[echo_equalizer::before + 2] -
                        std::complex<double>(echo)) < 0.02);
    equalizer.apply(y.data(), y.size(), out.data());
    double error = 0;
    for (size_t i = 20; i < 580; ++i)
        error += std::norm(out[i] - sent[i]) / 560;
    // Noise of 0.005, enhanced by 1 / (1 - 0.1) at least; without it the echo is 0.1.
    BOOST_TEST(error < 0.008);
}

BOOST_AUTO_TEST_CASE(a_synchronizer_lives_through_any_bits)
{
    std::mt19937 generator(10);
    on_each_instruction_set([&] {
        burst_synchronizer synchronizer(small_layout(), { 0.25, true, 1e-6, "", true });
        for (int call = 0; call < 60; ++call) {
            std::vector<sample> x(generator() % 3000);
            for (sample& value : x) {
                const uint32_t words[2] = { uint32_t(generator()),
                                            uint32_t(generator()) };
                std::memcpy(&value, words, sizeof value);
            }
            if (call % 3 == 0 && x.size() > 700)
                add_symbols(small_layout(), preamble_of(small_layout()), 10, 0.01, x);
            synchronizer.push(x.data(), x.size());
        }
        BOOST_TEST(synchronizer.bursts.empty());
        BOOST_TEST(synchronizer.not_finite > 0U);
    });
}
