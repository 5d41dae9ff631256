# SPDX-License-Identifier: MIT OR Apache-2.0
# The only place where a toolkit is used: it proves src/cuda/abi.h, and builds nothing else.

check_PROGRAMS += tests/abi/abi_ours
tests_abi_abi_ours_SOURCES = tests/abi/abi_ours.c tests/abi/abi.def tests/abi/abi_print.h
tests_abi_abi_ours_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/tests/abi

check_PROGRAMS += tests/abi/nvml_ours tests/abi/nvml_sim
tests_abi_nvml_ours_SOURCES = tests/abi/nvml_ours.c tests/abi/nvml.def tests/abi/abi_print.h
tests_abi_nvml_ours_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/tests/abi
tests_abi_nvml_sim_SOURCES = tests/abi/nvml_theirs.c
tests_abi_nvml_sim_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/tests/abi -I$(srcdir)/src/sim/include

if HAVE_NVML_HEADER
check_PROGRAMS += tests/abi/nvml_official
tests_abi_nvml_official_SOURCES = tests/abi/nvml_theirs.c
tests_abi_nvml_official_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/tests/abi -isystem $(CUDA_INCLUDE)
endif

if HAVE_CUDA_TOOLKIT
check_PROGRAMS += tests/abi/abi_official
tests_abi_abi_official_SOURCES = tests/abi/abi_official.c
tests_abi_abi_official_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/tests/abi -isystem $(CUDA_INCLUDE)
endif

EXTRA_DIST += tests/abi/abi_official.c
TESTS += tests/abi/abi.sh tests/abi/check-hooks.sh tests/abi/nvml.sh
EXTRA_DIST += tests/abi/abi.sh tests/abi/check-hooks.sh tests/abi/nvml.sh
