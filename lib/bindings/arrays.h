// SPDX-License-Identifier: GPL-3.0-or-later
// Functions and numpy arrays of Python for the kernels.
//
// Arrays must be C-contiguous and have exactly the expected dtype and size; others are
// refused, not copied. The GIL is released in every call on a batch.
// std::invalid_argument becomes ValueError.
#pragma once
#include "sample.h"
#include <algorithm>
#include <array>
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>
#include <stdexcept>
#include <string>
#include <tuple>
#include <vector>

namespace py = pybind11;

namespace gr::advphy {

// Arguments of functions: an array that is read, one that may be None, one that is
// written.
using input = const py::array&;
using optional_input = const std::optional<py::array>&;
using output = py::array;

// scope.def() with the names of all arguments in one list.
template <typename Scope, typename Function, size_t count>
void define(Scope& scope,
            const char* name,
            const char* doc,
            const char* const (&arguments)[count],
            Function function)
{
    std::array<const char*, count> names;
    std::copy_n(arguments, count, names.begin());
    std::apply([&](auto... each) { scope.def(name, function, doc, py::arg(each)...); },
               names);
}

// Throw unless the array is C-contiguous with `size` elements of T.
template <typename T> void expect(const py::array& array, const char* name, size_t size)
{
    if (!py::isinstance<py::array_t<T>>(array) || !(array.flags() & py::array::c_style) ||
        size_t(array.size()) != size)
        throw std::invalid_argument(std::string(name) + " must be C-contiguous " +
                                    std::string(py::str(py::dtype::of<T>())) + " with " +
                                    std::to_string(size) + " elements, got " +
                                    std::string(py::str(array.dtype())) + " with " +
                                    std::to_string(array.size()));
}

template <typename T> T* data_of(py::array& array, const char* name, size_t size)
{
    expect<T>(array, name, size);
    return static_cast<T*>(array.mutable_data());
}

template <typename T>
const T* data_of(const py::array& array, const char* name, size_t size)
{
    expect<T>(array, name, size);
    return static_cast<const T*>(array.data());
}

// Number of floats in an array of float32 or complex64.
inline size_t floats_in(const py::array& array)
{
    return size_t(array.size()) * (array.dtype().kind() == 'c' ? 2 : 1);
}

// Samples or reals: float32, or complex64 as twice as many floats.
template <typename Array> auto floats_of(Array& array, const char* name, size_t floats)
{
    using pointer = decltype(data_of<float>(array, name, floats));
    if (floats % 2 == 0 && py::isinstance<py::array_t<sample>>(array))
        return reinterpret_cast<pointer>(data_of<sample>(array, name, floats / 2));
    return data_of<float>(array, name, floats);
}

// New complex64 of a shape. numpy itself allocates it, since pybind11 before 2.12
// computes wrong strides with numpy 2.
template <typename... Sizes> py::array new_samples(Sizes... shape)
{
    return py::module_::import("numpy").attr("empty")(py::make_tuple(shape...),
                                                      "complex64");
}

// Throw ImportError unless arrays of this numpy are read and written correctly.
inline void require_numpy()
{
    std::string why = "another layout";
    try {
        py::array array = new_samples(2, 3);
        const sample written(3, 4);
        floats_of(array, "array", 12)[10] = written.real();
        floats_of(array, "array", 12)[11] = written.imag();
        if (array.attr("item")(1, 2).cast<sample>() == written)
            return;
    } catch (const std::exception& error) {
        why = error.what();
    }
    throw py::import_error("the kernels of gr-advphy cannot use the arrays of this "
                           "numpy (" +
                           why + "); build them again: make clean build");
}

// A copy of all elements.
template <typename T> std::vector<T> values_of(const py::array& array, const char* name)
{
    const auto size = size_t(array.size());
    const T* from = data_of<T>(array, name, size);
    return { from, from + size };
}

// Throw unless the array has rows and columns; return the number of rows.
inline size_t rows_in(const py::array& array, const char* name)
{
    if (array.ndim() != 2)
        throw std::invalid_argument(std::string(name) + " must have two dimensions");
    return size_t(array.shape(0));
}

// A copy of the floats of an array [rows][row].
inline std::vector<float> rows_of(const py::array& array, const char* name)
{
    rows_in(array, name);
    const float* from = floats_of(array, name, floats_in(array));
    return { from, from + floats_in(array) };
}

} // namespace gr::advphy
