# SPDX-License-Identifier: MIT OR Apache-2.0
# Measurements: make bench. Not part of make check: a figure belongs to a bench, not to a test.

bench_programs = tests/bench/pool_bench tests/bench/shim_bench
EXTRA_PROGRAMS += $(bench_programs)
EXTRA_LTLIBRARIES += tests/bench/libcuda.la
CLEANFILES += $(bench_programs) tests/bench/libcuda.la

tests_bench_pool_bench_SOURCES = tests/bench/pool_bench.c
tests_bench_pool_bench_LDADD = src/pool/libpool.la src/base/libbase.la

# A driver that does nothing, under the driver's name.
tests_bench_libcuda_la_SOURCES = tests/bench/null_driver.c
tests_bench_libcuda_la_CPPFLAGS = -D_GNU_SOURCE -I$(top_srcdir)/src/sim/include
tests_bench_libcuda_la_LDFLAGS = $(AM_LDFLAGS) -shared -version-info 1:0:0 \
	-rpath $(abs_builddir)/tests/bench

tests_bench_shim_bench_SOURCES = tests/bench/shim_bench.c
tests_bench_shim_bench_CPPFLAGS = -D_GNU_SOURCE -I$(top_srcdir)/src/sim/include
tests_bench_shim_bench_LDFLAGS = $(AM_LDFLAGS) -no-install
tests_bench_shim_bench_LDADD = tests/bench/libcuda.la -ldl

EXTRA_DIST += tests/bench/run tests/bench/bench_chunks.c tests/bench/bench_memory.c

bench: all $(bench_programs)
	$(MAKE) $(AM_MAKEFLAGS) check TESTS=
	$(srcdir)/tests/bench/run "$(abs_builddir)"
.PHONY: bench
