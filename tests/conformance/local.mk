# SPDX-License-Identifier: MIT OR Apache-2.0
# One list of what a driver answers: run here on each simulated driver, by tests/gpu/run on a GPU.

check_PROGRAMS += tests/conformance/conform
TESTS += tests/conformance/conform.sh
EXTRA_DIST += tests/conformance/conform.sh

tests_conformance_conform_SOURCES = \
	tests/conformance/conform.c \
	tests/conformance/conform.h \
	tests/conformance/groups.def \
	tests/conformance/known.def \
	tests/conformance/r_capture.c \
	tests/conformance/r_context.c \
	tests/conformance/r_copy.c \
	tests/conformance/r_graph.c \
	tests/conformance/r_host.c \
	tests/conformance/r_init.c \
	tests/conformance/r_launch.c \
	tests/conformance/r_memory.c \
	tests/conformance/r_pointer.c \
	tests/conformance/r_pool.c \
	tests/conformance/r_resolve.c \
	tests/conformance/r_stream.c \
	tests/conformance/r_vmm.c \
	tests/conformance/world.c
tests_conformance_conform_CPPFLAGS = $(APP_CPPFLAGS) -I$(top_srcdir)/tests/apps
# Lazy: an older driver lacks functions that the rules for newer ones call.
tests_conformance_conform_LDFLAGS = $(APP_LINK) -Wl,-z,lazy
tests_conformance_conform_LDADD = $(APP_CUDA) -ldl -lpthread
