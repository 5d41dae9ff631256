# SPDX-License-Identifier: MIT OR Apache-2.0
# The simulated driver: one set of objects, and a libcuda.so.1 for each driver version, which differ
# in a number and in what they export. Shares no code with the rest of the tree.

simdir = $(pkglibdir)/sim
sim11020dir = $(simdir)/driver-11020
sim11080dir = $(simdir)/driver-11080
sim12040dir = $(simdir)/driver-12040
simincludedir = $(simdir)/include

noinst_LTLIBRARIES += src/sim/libsim.la
sim_LTLIBRARIES = src/sim/libcuda.la
sim11020_LTLIBRARIES = src/sim/driver-11020/libcuda.la
sim11080_LTLIBRARIES = src/sim/driver-11080/libcuda.la
sim12040_LTLIBRARIES = src/sim/driver-12040/libcuda.la
siminclude_HEADERS = src/sim/include/cuda.h src/sim/include/simcuda_kernel.h

SIM_CPPFLAGS = -D_GNU_SOURCE -I$(top_srcdir)/src/sim -Isrc/sim
# Entry points are exported by their declarations in cuda.h, the rest is hidden.
src_sim_libsim_la_CPPFLAGS = $(SIM_CPPFLAGS)
src_sim_libsim_la_CFLAGS = $(AM_CFLAGS) -fvisibility=hidden
src_sim_libsim_la_LIBADD = -lpthread -ldl
src_sim_libsim_la_SOURCES = \
	src/sim/adversary.c \
	src/sim/array.c \
	src/sim/attributes.def \
	src/sim/budget.c \
	src/sim/budget_file.h \
	src/sim/capture.c \
	src/sim/chunk.c \
	src/sim/context.c \
	src/sim/copy.c \
	src/sim/copy.h \
	src/sim/copyrows.c \
	src/sim/ctxstate.c \
	src/sim/device.c \
	src/sim/entry.c \
	src/sim/error.c \
	src/sim/event.c \
	src/sim/fault.c \
	src/sim/fill.c \
	src/sim/function.c \
	src/sim/graph.c \
	src/sim/graphmem.c \
	src/sim/green.c \
	src/sim/heap.c \
	src/sim/hostmem.c \
	src/sim/ipc.c \
	src/sim/launch.c \
	src/sim/mem.c \
	src/sim/module.c \
	src/sim/module.h \
	src/sim/onelock.c \
	src/sim/options.c \
	src/sim/peer.c \
	src/sim/pointer.c \
	src/sim/pool.c \
	src/sim/region.c \
	src/sim/resolve.c \
	src/sim/resolve.h \
	src/sim/sim.h \
	src/sim/stream.c \
	src/sim/streaminfo.c \
	src/sim/uuid.c \
	src/sim/vmm.c
nodist_src_sim_libsim_la_SOURCES = src/sim/stubs.c src/sim/errors.h

# The pointers from cuGetProcAddress must be this library's own, whatever is preloaded before it.
SIM_LDFLAGS = $(AM_LDFLAGS) -version-info 1:0:0 -Wl,-Bsymbolic
SIM_SOURCES = src/sim/version.c
src_sim_libcuda_la_SOURCES = $(SIM_SOURCES)
src_sim_libcuda_la_CPPFLAGS = -DSIM_DRIVER=13000
src_sim_libcuda_la_CFLAGS = $(src_sim_libsim_la_CFLAGS)
src_sim_libcuda_la_LIBADD = src/sim/libsim.la
src_sim_libcuda_la_LDFLAGS = $(SIM_LDFLAGS) -export-symbols src/sim/driver-13000.sym
EXTRA_src_sim_libcuda_la_DEPENDENCIES = src/sim/driver-13000.sym
src_sim_driver_11020_libcuda_la_SOURCES = $(SIM_SOURCES)
src_sim_driver_11020_libcuda_la_CPPFLAGS = -DSIM_DRIVER=11020
src_sim_driver_11020_libcuda_la_CFLAGS = $(src_sim_libsim_la_CFLAGS)
src_sim_driver_11020_libcuda_la_LIBADD = src/sim/libsim.la
src_sim_driver_11020_libcuda_la_LDFLAGS = $(SIM_LDFLAGS) -export-symbols src/sim/driver-11020.sym
EXTRA_src_sim_driver_11020_libcuda_la_DEPENDENCIES = src/sim/driver-11020.sym
src_sim_driver_11080_libcuda_la_SOURCES = $(SIM_SOURCES)
src_sim_driver_11080_libcuda_la_CPPFLAGS = -DSIM_DRIVER=11080
src_sim_driver_11080_libcuda_la_CFLAGS = $(src_sim_libsim_la_CFLAGS)
src_sim_driver_11080_libcuda_la_LIBADD = src/sim/libsim.la
src_sim_driver_11080_libcuda_la_LDFLAGS = $(SIM_LDFLAGS) -export-symbols src/sim/driver-11080.sym
EXTRA_src_sim_driver_11080_libcuda_la_DEPENDENCIES = src/sim/driver-11080.sym
src_sim_driver_12040_libcuda_la_SOURCES = $(SIM_SOURCES)
src_sim_driver_12040_libcuda_la_CPPFLAGS = -DSIM_DRIVER=12040
src_sim_driver_12040_libcuda_la_CFLAGS = $(src_sim_libsim_la_CFLAGS)
src_sim_driver_12040_libcuda_la_LIBADD = src/sim/libsim.la
src_sim_driver_12040_libcuda_la_LDFLAGS = $(SIM_LDFLAGS) -export-symbols src/sim/driver-12040.sym
EXTRA_src_sim_driver_12040_libcuda_la_DEPENDENCIES = src/sim/driver-12040.sym

SIM_EXPORTS = src/sim/driver-11020.sym src/sim/driver-11080.sym src/sim/driver-12040.sym \
	src/sim/driver-13000.sym
SIM_TABLE = $(top_srcdir)/src/sim/symbols.tsv $(top_srcdir)/src/sim/gen-symbols.awk

src/sim/stubs.c: $(SIM_TABLE)
	@$(MKDIR_P) src/sim
	$(AM_V_GEN)$(AWK) -v what=stubs -f $(top_srcdir)/src/sim/gen-symbols.awk \
		$(top_srcdir)/src/sim/symbols.tsv >$@.tmp && mv $@.tmp $@
src/sim/driver-11020.sym: $(SIM_TABLE)
	@$(MKDIR_P) src/sim
	$(AM_V_GEN)$(AWK) -v what=exports -v driver=11020 -f $(top_srcdir)/src/sim/gen-symbols.awk \
		$(top_srcdir)/src/sim/symbols.tsv >$@.tmp && mv $@.tmp $@
src/sim/driver-11080.sym: $(SIM_TABLE)
	@$(MKDIR_P) src/sim
	$(AM_V_GEN)$(AWK) -v what=exports -v driver=11080 -f $(top_srcdir)/src/sim/gen-symbols.awk \
		$(top_srcdir)/src/sim/symbols.tsv >$@.tmp && mv $@.tmp $@
src/sim/driver-12040.sym: $(SIM_TABLE)
	@$(MKDIR_P) src/sim
	$(AM_V_GEN)$(AWK) -v what=exports -v driver=12040 -f $(top_srcdir)/src/sim/gen-symbols.awk \
		$(top_srcdir)/src/sim/symbols.tsv >$@.tmp && mv $@.tmp $@
src/sim/driver-13000.sym: $(SIM_TABLE)
	@$(MKDIR_P) src/sim
	$(AM_V_GEN)$(AWK) -v what=exports -v driver=13000 -f $(top_srcdir)/src/sim/gen-symbols.awk \
		$(top_srcdir)/src/sim/symbols.tsv >$@.tmp && mv $@.tmp $@
src/sim/errors.h: $(top_srcdir)/src/sim/gen-errors.awk $(top_srcdir)/src/sim/include/cuda.h
	@$(MKDIR_P) src/sim
	$(AM_V_GEN)$(AWK) -f $(top_srcdir)/src/sim/gen-errors.awk \
		$(top_srcdir)/src/sim/include/cuda.h >$@.tmp && mv $@.tmp $@

$(src_sim_libsim_la_OBJECTS): src/sim/errors.h

BUILT_SOURCES += src/sim/errors.h src/sim/stubs.c
CLEANFILES += src/sim/errors.h src/sim/stubs.c $(SIM_EXPORTS)
EXTRA_DIST += src/sim/symbols.tsv src/sim/gen-symbols.awk src/sim/gen-errors.awk

include src/sim/cudart/local.mk
include src/sim/nvml/local.mk
