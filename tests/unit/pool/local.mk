# SPDX-License-Identifier: MIT OR Apache-2.0
check_LTLIBRARIES += tests/unit/pool/libfake.la
tests_unit_pool_libfake_la_SOURCES = \
	tests/unit/pool/fake_device.c \
	tests/unit/pool/fake_device.h \
	tests/unit/pool/limbo.h
tests_unit_pool_libfake_la_LIBADD = src/pool/libpool.la src/base/libbase.la

# Plain programs: they need nothing but the pool.
pool_tests = \
	tests/unit/pool/failure_test \
	tests/unit/pool/million_test \
	tests/unit/pool/threads_test \
	tests/unit/pool/trace_test

tests_unit_pool_failure_test_SOURCES = tests/unit/pool/failure_test.c
tests_unit_pool_failure_test_LDADD = tests/unit/pool/libfake.la
tests_unit_pool_failure_test_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=malloc -Wl,--wrap=calloc -Wl,--wrap=realloc
tests_unit_pool_million_test_SOURCES = tests/unit/pool/million_test.c
tests_unit_pool_million_test_LDADD = tests/unit/pool/libfake.la
tests_unit_pool_threads_test_SOURCES = tests/unit/pool/threads_test.c
tests_unit_pool_threads_test_LDADD = tests/unit/pool/libfake.la
tests_unit_pool_trace_test_SOURCES = tests/unit/pool/trace_test.c
tests_unit_pool_trace_test_LDADD = tests/unit/pool/libfake.la

if HAVE_CHECK
pool_tests += \
	tests/unit/pool/cache_test \
	tests/unit/pool/parts_test \
	tests/unit/pool/pool_test
endif
tests_unit_pool_cache_test_SOURCES = tests/unit/pool/cache_test.c
tests_unit_pool_cache_test_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_pool_cache_test_LDADD = tests/unit/pool/libfake.la $(CHECK_LIBS)
tests_unit_pool_parts_test_SOURCES = tests/unit/pool/parts_test.c
tests_unit_pool_parts_test_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_pool_parts_test_LDADD = tests/unit/pool/libfake.la $(CHECK_LIBS)
tests_unit_pool_pool_test_SOURCES = tests/unit/pool/pool_test.c
tests_unit_pool_pool_test_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_pool_pool_test_LDADD = tests/unit/pool/libfake.la $(CHECK_LIBS)

check_PROGRAMS += $(pool_tests)
TESTS += $(pool_tests)
