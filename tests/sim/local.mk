# SPDX-License-Identifier: MIT OR Apache-2.0
# Tests of the simulated driver by itself.
SIM_TESTS = \
	tests/sim/t_capture \
	tests/sim/t_ipc \
	tests/sim/t_memory \
	tests/sim/t_process
SIM_TEST_CPPFLAGS = -D_GNU_SOURCE -I$(top_srcdir)/src/sim/include

check_PROGRAMS += $(SIM_TESTS) tests/sim/t_adversary tests/sim/t_devices tests/sim/t_options \
	tests/sim/t_resolve tests/sim/t_streams
check_LTLIBRARIES += tests/sim/twins.la
TESTS += $(SIM_TESTS) tests/sim/adversary.sh tests/sim/devices.sh tests/sim/streams.sh \
	tests/sim/symbols.sh tests/sim/options.sh tests/sim/header_abi.sh
EXTRA_DIST += tests/sim/adversary.sh tests/sim/devices.sh tests/sim/streams.sh tests/sim/symbols.sh tests/sim/options.sh \
	tests/sim/header_abi.sh tests/sim/check.h

tests_sim_t_adversary_CPPFLAGS = $(SIM_TEST_CPPFLAGS) -I$(top_srcdir)/tests/apps
tests_sim_t_adversary_LDADD = src/sim/libcuda.la -lpthread
tests_sim_t_capture_CPPFLAGS = $(SIM_TEST_CPPFLAGS)
tests_sim_t_capture_LDADD = src/sim/libcuda.la
tests_sim_t_devices_CPPFLAGS = $(SIM_TEST_CPPFLAGS)
tests_sim_t_devices_LDADD = src/sim/libcuda.la
tests_sim_t_ipc_CPPFLAGS = $(SIM_TEST_CPPFLAGS)
tests_sim_t_ipc_LDADD = src/sim/libcuda.la
tests_sim_t_memory_CPPFLAGS = $(SIM_TEST_CPPFLAGS)
tests_sim_t_memory_LDADD = src/sim/libcuda.la
tests_sim_t_options_CPPFLAGS = $(SIM_TEST_CPPFLAGS)
tests_sim_t_options_LDADD = src/sim/libcuda.la
tests_sim_t_process_CPPFLAGS = $(SIM_TEST_CPPFLAGS)
tests_sim_t_process_LDADD = src/sim/libcuda.la
tests_sim_t_resolve_CPPFLAGS = $(SIM_TEST_CPPFLAGS)
tests_sim_t_resolve_LDADD = -ldl
tests_sim_t_streams_CPPFLAGS = $(SIM_TEST_CPPFLAGS)
tests_sim_t_streams_LDADD = src/sim/libcuda.la

# -rpath makes libtool build a shared object; it is not installed.
tests_sim_twins_la_CPPFLAGS = $(SIM_TEST_CPPFLAGS)
tests_sim_twins_la_SOURCES = tests/sim/twins.c
tests_sim_twins_la_LDFLAGS = $(AM_LDFLAGS) -module -avoid-version -rpath /nowhere
