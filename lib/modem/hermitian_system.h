// SPDX-License-Identifier: GPL-3.0-or-later
// Small systems of equations with a positive definite Hermitian matrix, by Cholesky.
//
// Cost: size^3 / 6 multiply-adds to factor, size^2 to solve.
// Reference: numpy.linalg.solve.
#pragma once
#include <cmath>
#include <complex>
#include <cstddef>
#include <vector>

namespace gr::advphy {

class hermitian_system
{
public:
    using number = std::complex<double>;

    explicit hermitian_system(size_t size) : d_size(size), d_m(size * size) { }

    number& at(size_t row, size_t column) { return d_m[row * d_size + column]; }

    // Replace the lower triangle by L with A = L L^H. A tiny pivot is raised, so that a
    // singular matrix gives finite results.
    void factor()
    {
        for (size_t k = 0; k < d_size; ++k)
            for (size_t l = 0; l <= k; ++l) {
                number sum = at(k, l);
                for (size_t m = 0; m < l; ++m)
                    sum -= at(k, m) * std::conj(at(l, m));
                at(k, l) =
                    k == l ? std::sqrt(std::max(sum.real(), 1e-12)) : sum / at(l, l);
            }
    }

    std::vector<number> solve(std::vector<number> right)
    {
        for (size_t k = 0; k < d_size; ++k) {
            for (size_t m = 0; m < k; ++m)
                right[k] -= at(k, m) * right[m];
            right[k] /= at(k, k);
        }
        for (size_t k = d_size; k-- > 0;) {
            for (size_t m = k + 1; m < d_size; ++m)
                right[k] -= std::conj(at(m, k)) * right[m];
            right[k] /= at(k, k);
        }
        return right;
    }

    // Element (k, k) of the inverse.
    double inverse_diagonal(size_t k)
    {
        std::vector<number> unit(d_size);
        unit[k] = 1;
        return solve(unit)[k].real();
    }

private:
    size_t d_size;
    std::vector<number> d_m;
};

} // namespace gr::advphy
