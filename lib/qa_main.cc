// SPDX-License-Identifier: GPL-3.0-or-later
// Boost.Test itself, which is slow to compile: once for all tests of the kernels.
#define BOOST_TEST_MODULE kernels
#include <boost/test/included/unit_test.hpp>
