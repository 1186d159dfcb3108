// SPDX-License-Identifier: GPL-3.0-or-later
// Python module advphy_model.kernels: keyed transforms, and the distortion that is left.
#include "bindings/bindings_arrays.h"
#include "code/distortion.h"
#include "keying/keying.h"

using namespace gr::advphy;

namespace {

using transform =
    void (*)(const uint32_t*, size_t, const float*, size_t, size_t, bool, float*);
using word_count = size_t (*)(size_t);

void bind_transform(py::module_& m,
                    const char* name,
                    transform function,
                    const char* says)
{
    m.def(
        name,
        [function](const py::array& words,
                   const py::array& x,
                   py::array out,
                   size_t reals,
                   bool inverse) {
            if (words.ndim() != 2)
                throw std::invalid_argument("words must have two dimensions");
            if (reals < 1 || reals > largest_keyed)
                throw std::invalid_argument("reals = " + std::to_string(reals) +
                                            ", wanted 1.." +
                                            std::to_string(largest_keyed));
            const size_t count = size_t(words.shape(0)), row = size_t(words.shape(1));
            const size_t floats = count * ((reals + 1) / 2 * 2);
            const uint32_t* drawn = input_of<uint32_t>(words, "words", count * row);
            const float* from = floats_of(x, "x", floats);
            float* to = floats_of(out, "out", floats);
            py::gil_scoped_release release;
            function(drawn, row, from, count, reals, inverse, to);
        },
        says,
        py::arg("words"),
        py::arg("x"),
        py::arg("out"),
        py::arg("reals"),
        py::arg("inverse") = false);
}

void bind_word_count(py::module_& m, const char* name, word_count function)
{
    m.def(name, function, "Words (uint32) that choose one transform.", py::arg("reals"));
}

} // namespace

void bind_keying(py::module_& m)
{
    m.attr("largest_keyed") = largest_keyed;
    bind_word_count(m, "signs_words", &signs_words);
    bind_word_count(m, "sign_permutation_words", &sign_permutation_words);
    bind_word_count(m, "rotation_words", &rotation_words);
    bind_transform(m, "signs", &signs, "Write x with the signs that the words choose.");
    bind_transform(
        m,
        "sign_permutation",
        &sign_permutation,
        "Write x permuted and with signs as the words choose, or the inverse.");
    bind_transform(m,
                   "rotation",
                   &rotation,
                   "Write x turned by the orthogonal matrices that the words choose, or "
                   "the inverse.");
    m.def(
        "squared_error",
        [](const py::array& a, const py::array& b, py::array out) {
            if (a.ndim() != 2)
                throw std::invalid_argument("a must have two dimensions");
            const size_t count = size_t(a.shape(0)), features = size_t(a.shape(1));
            const float* left = input_of<float>(a, "a", count * features);
            const float* right = input_of<float>(b, "b", count * features);
            double* to = data_of<double>(out, "out", count);
            py::gil_scoped_release release;
            squared_error(left, right, count, features, to);
        },
        "Write the sum of (a - b)^2 over the features of each row to out (float64).",
        py::arg("a"),
        py::arg("b"),
        py::arg("out"));
}
