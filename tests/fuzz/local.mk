# SPDX-License-Identifier: MIT OR Apache-2.0
# Fuzz targets. make check replays the seeds; scripts/fuzz lets a fuzzer loose on them.
fuzz_targets = \
	tests/fuzz/fuzz_parse \
	tests/fuzz/fuzz_config \
	tests/fuzz/fuzz_ledger
check_PROGRAMS += $(fuzz_targets)
TESTS += tests/fuzz/replay.sh

tests_fuzz_fuzz_parse_SOURCES = tests/fuzz/fuzz.h tests/fuzz/fuzz_parse.c tests/fuzz/replay.c
tests_fuzz_fuzz_parse_LDADD = src/base/libbase.la
tests_fuzz_fuzz_config_SOURCES = tests/fuzz/fuzz.h tests/fuzz/fuzz_config.c tests/fuzz/replay.c
tests_fuzz_fuzz_config_LDADD = src/base/libbase.la
tests_fuzz_fuzz_ledger_SOURCES = tests/fuzz/fuzz.h tests/fuzz/fuzz_ledger.c tests/fuzz/replay.c
tests_fuzz_fuzz_ledger_LDADD = src/ledger/libledger.la src/base/libbase.la

EXTRA_DIST += \
	scripts/fuzz \
	tests/fuzz/replay.sh \
	tests/fuzz/seeds-config \
	tests/fuzz/seeds-ledger \
	tests/fuzz/seeds-parse
