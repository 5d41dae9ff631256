# SPDX-License-Identifier: MIT OR Apache-2.0
# A model server as a stranger would write it, its client, and its kernels' C twins.

noinst_PROGRAMS += demo/model_server demo/ask
noinst_LTLIBRARIES += demo/libmodelkernels.la

demo_model_server_SOURCES = demo/model_server.c demo/model_ptx.h
demo_model_server_CPPFLAGS = -D_GNU_SOURCE -I$(top_srcdir)/demo -I$(top_srcdir)/src/sim/include
# No wrapper script: what is preloaded is for the server and not for a shell around it.
demo_model_server_LDFLAGS = $(AM_LDFLAGS) -no-install
demo_model_server_LDADD = src/sim/cudart/libcudart.la

demo_ask_SOURCES = demo/ask.c
demo_ask_CPPFLAGS = -D_GNU_SOURCE

# -rpath makes libtool build a shared object that nothing installs.
demo_libmodelkernels_la_SOURCES = demo/kernels.c
demo_libmodelkernels_la_CPPFLAGS = -D_GNU_SOURCE -I$(top_srcdir)/src/sim/include
demo_libmodelkernels_la_LDFLAGS = $(AM_LDFLAGS) -module -avoid-version -shared \
	-rpath $(abs_builddir)/demo
