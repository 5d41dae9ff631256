# SPDX-License-Identifier: MIT OR Apache-2.0
# The stand-in runtime. It lies beside the simulated driver once installed.

sim_LTLIBRARIES += src/sim/cudart/libcudart.la
siminclude_HEADERS += src/sim/include/cuda_runtime_api.h

src_sim_cudart_libcudart_la_SOURCES = \
	src/sim/cudart/context.c \
	src/sim/cudart/cudart.h \
	src/sim/cudart/driver.def \
	src/sim/cudart/error.c \
	src/sim/cudart/errors.def \
	src/sim/cudart/load.c \
	src/sim/cudart/lookups.def \
	src/sim/cudart/memory.c \
	src/sim/cudart/per_thread.c \
	src/sim/cudart/stream.c \
	src/sim/cudart/work.c
src_sim_cudart_libcudart_la_CPPFLAGS = -D_GNU_SOURCE -I$(top_srcdir)/src/sim/include
src_sim_cudart_libcudart_la_LDFLAGS = $(AM_LDFLAGS) -version-info 13:0:0 \
	-export-symbols-regex '^cuda'
src_sim_cudart_libcudart_la_LIBADD = -ldl -lpthread
