# SPDX-License-Identifier: MIT OR Apache-2.0
if HAVE_CHECK
base_tests = \
	tests/unit/base/test_parse \
	tests/unit/base/test_config \
	tests/unit/base/test_lock \
	tests/unit/base/test_log
check_PROGRAMS += $(base_tests)
TESTS += $(base_tests)

tests_unit_base_test_parse_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_base_test_parse_LDADD = src/base/libbase.la $(CHECK_LIBS)
tests_unit_base_test_config_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_base_test_config_LDADD = src/base/libbase.la $(CHECK_LIBS)
tests_unit_base_test_lock_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_base_test_lock_LDADD = src/base/libbase.la $(CHECK_LIBS)
tests_unit_base_test_log_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_base_test_log_LDADD = src/base/libbase.la $(CHECK_LIBS)
endif
