# SPDX-License-Identifier: MIT OR Apache-2.0
check_PROGRAMS += tests/unit/ledger/policy_sim
TESTS += tests/unit/ledger/policy_sim
tests_unit_ledger_policy_sim_SOURCES = \
	tests/unit/ledger/policy_oracle.c \
	tests/unit/ledger/policy_oracle.h \
	tests/unit/ledger/policy_sim.c
tests_unit_ledger_policy_sim_LDADD = src/ledger/libledger.la src/base/libbase.la

if HAVE_CHECK
ledger_tests = \
	tests/unit/ledger/test_claims \
	tests/unit/ledger/test_damage \
	tests/unit/ledger/test_ledger \
	tests/unit/ledger/test_ledger_file \
	tests/unit/ledger/test_ledger_tell \
	tests/unit/ledger/test_policy
check_PROGRAMS += $(ledger_tests)
TESTS += $(ledger_tests)

tests_unit_ledger_test_claims_SOURCES = \
	tests/unit/ledger/ledger_fixture.c \
	tests/unit/ledger/ledger_fixture.h \
	tests/unit/ledger/ledger_peer.c \
	tests/unit/ledger/ledger_peer.h \
	tests/unit/ledger/test_claims.c
tests_unit_ledger_test_claims_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_ledger_test_claims_LDADD = src/ledger/libledger.la src/base/libbase.la $(CHECK_LIBS)
tests_unit_ledger_test_damage_SOURCES = \
	tests/unit/ledger/ledger_fixture.c \
	tests/unit/ledger/ledger_fixture.h \
	tests/unit/ledger/ledger_peer.c \
	tests/unit/ledger/ledger_peer.h \
	tests/unit/ledger/test_damage.c
tests_unit_ledger_test_damage_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_ledger_test_damage_LDADD = src/ledger/libledger.la src/base/libbase.la $(CHECK_LIBS)
tests_unit_ledger_test_ledger_SOURCES = \
	tests/unit/ledger/ledger_fixture.c \
	tests/unit/ledger/ledger_fixture.h \
	tests/unit/ledger/test_ledger.c
tests_unit_ledger_test_ledger_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_ledger_test_ledger_LDADD = src/ledger/libledger.la src/base/libbase.la $(CHECK_LIBS)
tests_unit_ledger_test_ledger_file_SOURCES = \
	tests/unit/ledger/ledger_fixture.c \
	tests/unit/ledger/ledger_fixture.h \
	tests/unit/ledger/test_ledger_file.c
tests_unit_ledger_test_ledger_file_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_ledger_test_ledger_file_LDADD = src/ledger/libledger.la src/base/libbase.la $(CHECK_LIBS)
tests_unit_ledger_test_ledger_tell_SOURCES = \
	tests/unit/ledger/ledger_fixture.c \
	tests/unit/ledger/ledger_fixture.h \
	tests/unit/ledger/test_ledger_tell.c
tests_unit_ledger_test_ledger_tell_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_ledger_test_ledger_tell_LDADD = src/ledger/libledger.la src/base/libbase.la $(CHECK_LIBS)
tests_unit_ledger_test_policy_SOURCES = tests/unit/ledger/test_policy.c
tests_unit_ledger_test_policy_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_ledger_test_policy_LDADD = src/ledger/libledger.la src/base/libbase.la $(CHECK_LIBS)
endif
