# SPDX-License-Identifier: MIT OR Apache-2.0
# shim: the preloaded library.

lib_LTLIBRARIES += src/shim/libaerostat.la
noinst_LTLIBRARIES += src/shim/libresolve.la

# As src/cuda/librealdl.la: never instrumented.
src_shim_libresolve_la_SOURCES = \
	src/shim/resolve.c src/shim/resolve.h
src_shim_libresolve_la_CFLAGS = $(AE_WARN_CFLAGS) -fvisibility=hidden
src_shim_libresolve_la_LIBADD = src/shim/dlsym-$(AE_CPU).lo
src_shim_libresolve_la_DEPENDENCIES = src/shim/dlsym-$(AE_CPU).lo
EXTRA_src_shim_libresolve_la_SOURCES = src/shim/dlsym-x86_64.S src/shim/dlsym-aarch64.S

src_shim_libaerostat_la_SOURCES = \
	src/shim/api.c \
	src/shim/capture.h src/shim/h_capture.c \
	src/shim/context.h src/shim/h_context.c \
	src/shim/device.c src/shim/device.h \
	src/shim/gate.c src/shim/gate.h \
	src/shim/green.h src/shim/h_green.c \
	src/shim/h_init.c \
	src/shim/h_mem.c \
	src/shim/h_nvml.c \
	src/shim/h_peer.c src/shim/peers.h \
	src/shim/h_query.c \
	src/shim/hooks.c src/shim/hooks.h \
	src/shim/limbo.c src/shim/limbo.h \
	src/shim/map.c src/shim/map.h \
	src/shim/meminfo.c src/shim/meminfo.h \
	src/shim/native.c src/shim/native.h \
	src/shim/newer.c src/shim/newer.h \
	src/shim/nvml.c src/shim/nvml.h \
	src/shim/process.c src/shim/process.h \
	src/shim/steward.c src/shim/steward.h \
	src/shim/wait.c src/shim/wait.h
src_shim_libaerostat_la_CFLAGS = $(AM_CFLAGS) -fvisibility=hidden
src_shim_libaerostat_la_LIBADD = \
	src/shim/libresolve.la \
	src/cuda/libaecuda.la \
	src/cuda/librealdl.la \
	src/ledger/libledger.la \
	src/pool/libpool.la \
	src/base/libbase.la
# Our own references to the exported names must reach our own functions.
src_shim_libaerostat_la_LDFLAGS = $(AM_LDFLAGS) -version-info 0:0:0 \
	-export-symbols src/shim/libaerostat.sym \
	-Wl,-Bsymbolic-functions -Wl,-z,defs -Wl,-z,nodelete
EXTRA_src_shim_libaerostat_la_DEPENDENCIES = src/shim/libaerostat.sym

# What the library exports: the hooks, dlsym and dlvsym, the public API; nothing else.
src/shim/libaerostat.sym: src/cuda/hooks.def src/cuda/gated.def src/cuda/nvml.def include/aerostat.h src/shim/local.mk
	$(AM_V_GEN)$(MKDIR_P) src/shim && { \
		$(SED) -n -e 's/^AE_HOOK(\([A-Za-z0-9_]*\),.*/\1/p' \
			-e 's/^AE_GATED(\([A-Za-z0-9_]*\),.*/\1/p' \
			-e 's/^AE_NVML(\([A-Za-z0-9_]*\),.*/\1/p' \
			$(srcdir)/src/cuda/hooks.def $(srcdir)/src/cuda/gated.def \
			$(srcdir)/src/cuda/nvml.def; \
		$(SED) -n 's/^[a-z].*[ *]\(aerostat_[a-z_]*\)(.*/\1/p' $(srcdir)/include/aerostat.h; \
		echo dlsym; echo dlvsym; \
	} | LC_ALL=C sort > $@.tmp && mv $@.tmp $@
CLEANFILES += src/shim/libaerostat.sym
