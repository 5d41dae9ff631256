# SPDX-License-Identifier: MIT OR Apache-2.0
# Programs that know nothing of aerostat. They are linked with the simulated driver and built against
# its header; Makefile.gpu builds the same sources with an official toolkit.

APP_CPPFLAGS = -D_GNU_SOURCE -I$(top_srcdir)/src/sim/include
# No wrapper scripts: a preloaded library is for the program and not for a shell around it.
APP_LINK = $(AM_LDFLAGS) -no-install
APP_CUDA = src/sim/libcuda.la
APP_CUDART = src/sim/cudart/libcudart.la

app_programs = \
	tests/apps/app_capture \
	tests/apps/app_capture_ends \
	tests/apps/app_capture_threads \
	tests/apps/app_churn \
	tests/apps/app_context \
	tests/apps/app_context_races \
	tests/apps/app_ctor \
	tests/apps/app_cudart \
	tests/apps/app_dlsym \
	tests/apps/app_dlvsym \
	tests/apps/app_errors \
	tests/apps/app_fence \
	tests/apps/app_fill \
	tests/apps/app_fork \
	tests/apps/app_free_async \
	tests/apps/app_getproc \
	tests/apps/app_green \
	tests/apps/app_handover \
	tests/apps/app_ipc \
	tests/apps/app_legacy \
	tests/apps/app_linked \
	tests/apps/app_names \
	tests/apps/app_nvml \
	tests/apps/app_nvml_linked \
	tests/apps/app_oom \
	tests/apps/app_orphan \
	tests/apps/app_peer \
	tests/apps/app_queries \
	tests/apps/app_rtld \
	tests/apps/app_runtime \
	tests/apps/app_runtime_ptds \
	tests/apps/app_share \
	tests/apps/app_steps \
	tests/apps/app_sticky \
	tests/apps/app_threads \
	tests/apps/app_weak
check_PROGRAMS += $(app_programs)
check_LTLIBRARIES += \
	tests/apps/libappctor.la \
	tests/apps/libappkernels.la \
	tests/apps/libapprtlda.la \
	tests/apps/libapprtldb.la \
	tests/apps/libinterpose.la \
	tests/apps/liblookupsdriver.la
EXTRA_DIST += tests/apps/Makefile.gpu

# Shared objects although nothing installs them: libtool wants a place.
APP_MODULE_LDFLAGS = $(AM_LDFLAGS) -module -avoid-version -shared -rpath $(abs_builddir)/tests/apps

tests_apps_libappkernels_la_SOURCES = tests/apps/kernels.c src/sim/include/simcuda_kernel.h
tests_apps_libappkernels_la_CPPFLAGS = $(APP_CPPFLAGS)
tests_apps_libappkernels_la_LDFLAGS = $(APP_MODULE_LDFLAGS)

tests_apps_liblookupsdriver_la_SOURCES = tests/apps/lookups_driver.c
tests_apps_liblookupsdriver_la_CPPFLAGS = $(APP_CPPFLAGS)
tests_apps_liblookupsdriver_la_LDFLAGS = $(APP_MODULE_LDFLAGS)

tests_apps_libinterpose_la_SOURCES = tests/apps/interpose.c tests/apps/app.h tests/apps/ptx.h
tests_apps_libinterpose_la_CPPFLAGS = $(APP_CPPFLAGS)
tests_apps_libinterpose_la_LDFLAGS = $(APP_MODULE_LDFLAGS)
tests_apps_libinterpose_la_LIBADD = -ldl

tests_apps_libappctor_la_SOURCES = tests/apps/ctor_lib.c tests/apps/ctor_lib.h tests/apps/app.h \
	tests/apps/ptx.h
tests_apps_libappctor_la_CPPFLAGS = $(APP_CPPFLAGS)
tests_apps_libappctor_la_LDFLAGS = $(AM_LDFLAGS) -avoid-version -shared \
	-rpath $(abs_builddir)/tests/apps
tests_apps_libappctor_la_LIBADD = $(APP_CUDA)

tests_apps_libapprtlda_la_SOURCES = tests/apps/rtld_a.c tests/apps/rtld.h
tests_apps_libapprtlda_la_CPPFLAGS = $(APP_CPPFLAGS)
tests_apps_libapprtlda_la_LDFLAGS = $(tests_apps_libappctor_la_LDFLAGS)
tests_apps_libapprtlda_la_LIBADD = -ldl
tests_apps_libapprtldb_la_SOURCES = tests/apps/rtld_b.c tests/apps/rtld.h
tests_apps_libapprtldb_la_CPPFLAGS = $(APP_CPPFLAGS)
tests_apps_libapprtldb_la_LDFLAGS = $(tests_apps_libappctor_la_LDFLAGS)
tests_apps_libapprtldb_la_LIBADD = -ldl

tests_apps_app_capture_SOURCES = tests/apps/app_capture.c tests/apps/app.h tests/apps/ptx.h
tests_apps_app_capture_CPPFLAGS = $(APP_CPPFLAGS)
tests_apps_app_capture_LDFLAGS = $(APP_LINK)
tests_apps_app_capture_LDADD = $(APP_CUDA) -lpthread

tests_apps_app_churn_SOURCES = tests/apps/app_churn.c tests/apps/app.h tests/apps/ptx.h
tests_apps_app_churn_CPPFLAGS = $(APP_CPPFLAGS)
tests_apps_app_churn_LDFLAGS = $(APP_LINK)
tests_apps_app_churn_LDADD = $(APP_CUDA)

tests_apps_app_context_SOURCES = tests/apps/app_context.c tests/apps/app.h tests/apps/ptx.h
tests_apps_app_context_CPPFLAGS = $(APP_CPPFLAGS)
tests_apps_app_context_LDFLAGS = $(APP_LINK)
tests_apps_app_context_LDADD = $(APP_CUDA) -lpthread

tests_apps_app_errors_SOURCES = tests/apps/app_errors.c tests/apps/app.h tests/apps/ptx.h
tests_apps_app_errors_CPPFLAGS = $(APP_CPPFLAGS)
tests_apps_app_errors_LDFLAGS = $(APP_LINK)
tests_apps_app_errors_LDADD = $(APP_CUDA)

tests_apps_app_fence_SOURCES = tests/apps/app_fence.c tests/apps/app.h tests/apps/ptx.h
tests_apps_app_fence_CPPFLAGS = $(APP_CPPFLAGS)
tests_apps_app_fence_LDFLAGS = $(APP_LINK)
tests_apps_app_fence_LDADD = $(APP_CUDA)
tests_apps_app_fill_SOURCES = tests/apps/app_fill.c tests/apps/app.h tests/apps/ptx.h
tests_apps_app_fill_CPPFLAGS = $(APP_CPPFLAGS)
tests_apps_app_fill_LDFLAGS = $(APP_LINK)
tests_apps_app_fill_LDADD = $(APP_CUDA)

tests_apps_app_fork_SOURCES = tests/apps/app_fork.c tests/apps/app.h tests/apps/ptx.h
tests_apps_app_fork_CPPFLAGS = $(APP_CPPFLAGS)
tests_apps_app_fork_LDFLAGS = $(APP_LINK)
tests_apps_app_fork_LDADD = $(APP_CUDA)

tests_apps_app_oom_SOURCES = tests/apps/app_oom.c tests/apps/app.h tests/apps/ptx.h
tests_apps_app_oom_CPPFLAGS = $(APP_CPPFLAGS)
tests_apps_app_oom_LDFLAGS = $(APP_LINK)
tests_apps_app_oom_LDADD = $(APP_CUDA)

tests_apps_app_queries_SOURCES = tests/apps/app_queries.c tests/apps/app.h tests/apps/ptx.h
tests_apps_app_queries_CPPFLAGS = $(APP_CPPFLAGS)
tests_apps_app_queries_LDFLAGS = $(APP_LINK)
tests_apps_app_queries_LDADD = $(APP_CUDA)

tests_apps_app_threads_SOURCES = tests/apps/app_threads.c tests/apps/app.h tests/apps/ptx.h
tests_apps_app_threads_CPPFLAGS = $(APP_CPPFLAGS)
tests_apps_app_threads_LDFLAGS = $(APP_LINK)
tests_apps_app_threads_LDADD = $(APP_CUDA) -lpthread

tests_apps_app_linked_SOURCES = tests/apps/app_linked.c tests/apps/exercise.h tests/apps/app.h tests/apps/ptx.h
tests_apps_app_linked_CPPFLAGS = $(APP_CPPFLAGS)
tests_apps_app_linked_LDFLAGS = $(APP_LINK)
tests_apps_app_linked_LDADD = $(APP_CUDA)

tests_apps_app_getproc_SOURCES = tests/apps/app_getproc.c tests/apps/app.h tests/apps/ptx.h
tests_apps_app_getproc_CPPFLAGS = $(APP_CPPFLAGS)
tests_apps_app_getproc_LDFLAGS = $(APP_LINK)
tests_apps_app_getproc_LDADD = $(APP_CUDA) -ldl

tests_apps_app_green_SOURCES = tests/apps/app_green.c tests/apps/app.h tests/apps/ptx.h
tests_apps_app_green_CPPFLAGS = $(APP_CPPFLAGS)
tests_apps_app_green_LDFLAGS = $(APP_LINK)
tests_apps_app_green_LDADD = $(APP_CUDA)

tests_apps_app_ipc_SOURCES = tests/apps/app_ipc.c tests/apps/app.h tests/apps/ptx.h
tests_apps_app_ipc_CPPFLAGS = $(APP_CPPFLAGS)
tests_apps_app_ipc_LDFLAGS = $(APP_LINK)
tests_apps_app_ipc_LDADD = $(APP_CUDA)

tests_apps_app_legacy_SOURCES = tests/apps/app_legacy.c tests/apps/app.h tests/apps/ptx.h
tests_apps_app_legacy_CPPFLAGS = $(APP_CPPFLAGS)
tests_apps_app_legacy_LDFLAGS = $(APP_LINK)
tests_apps_app_legacy_LDADD = $(APP_CUDA) -ldl

tests_apps_app_dlsym_SOURCES = tests/apps/app_dlsym.c tests/apps/exercise.h tests/apps/app.h tests/apps/ptx.h
tests_apps_app_dlsym_CPPFLAGS = $(APP_CPPFLAGS)
tests_apps_app_dlsym_LDFLAGS = $(APP_LINK)
tests_apps_app_dlsym_LDADD = -ldl

tests_apps_app_dlvsym_SOURCES = tests/apps/app_dlvsym.c tests/apps/exercise.h tests/apps/app.h tests/apps/ptx.h
tests_apps_app_dlvsym_CPPFLAGS = $(APP_CPPFLAGS)
tests_apps_app_dlvsym_LDFLAGS = $(APP_LINK)
tests_apps_app_dlvsym_LDADD = -ldl

tests_apps_app_ctor_SOURCES = tests/apps/app_ctor.c tests/apps/ctor_lib.h tests/apps/exercise.h \
	tests/apps/app.h tests/apps/ptx.h
tests_apps_app_ctor_CPPFLAGS = $(APP_CPPFLAGS)
tests_apps_app_ctor_LDFLAGS = $(APP_LINK)
tests_apps_app_ctor_LDADD = tests/apps/libappctor.la $(APP_CUDA)

tests_apps_app_rtld_SOURCES = tests/apps/app_rtld.c tests/apps/rtld.h
tests_apps_app_rtld_CPPFLAGS = $(APP_CPPFLAGS)
tests_apps_app_rtld_LDFLAGS = $(APP_LINK) -export-dynamic
tests_apps_app_rtld_LDADD = tests/apps/libapprtlda.la tests/apps/libapprtldb.la -ldl

tests_apps_app_runtime_SOURCES = tests/apps/app_runtime.c tests/apps/ptx.h
tests_apps_app_runtime_CPPFLAGS = $(APP_CPPFLAGS)
tests_apps_app_runtime_LDFLAGS = $(APP_LINK)
tests_apps_app_runtime_LDADD = $(APP_CUDART) -lpthread
tests_apps_app_runtime_ptds_SOURCES = $(tests_apps_app_runtime_SOURCES)
tests_apps_app_runtime_ptds_CPPFLAGS = $(APP_CPPFLAGS) -DCUDA_API_PER_THREAD_DEFAULT_STREAM
tests_apps_app_runtime_ptds_LDFLAGS = $(APP_LINK)
tests_apps_app_runtime_ptds_LDADD = $(APP_CUDART) -lpthread

tests_apps_app_capture_ends_SOURCES = tests/apps/app_capture_ends.c tests/apps/app.h tests/apps/ptx.h
tests_apps_app_capture_ends_CPPFLAGS = $(APP_CPPFLAGS)
tests_apps_app_capture_ends_LDFLAGS = $(APP_LINK)
tests_apps_app_capture_ends_LDADD = $(APP_CUDA) -lpthread

tests_apps_app_capture_threads_SOURCES = tests/apps/app_capture_threads.c tests/apps/app.h tests/apps/ptx.h
tests_apps_app_capture_threads_CPPFLAGS = $(APP_CPPFLAGS)
tests_apps_app_capture_threads_LDFLAGS = $(APP_LINK)
tests_apps_app_capture_threads_LDADD = $(APP_CUDA) -lpthread

tests_apps_app_context_races_SOURCES = tests/apps/app_context_races.c tests/apps/app.h tests/apps/ptx.h
tests_apps_app_context_races_CPPFLAGS = $(APP_CPPFLAGS)
tests_apps_app_context_races_LDFLAGS = $(APP_LINK)
tests_apps_app_context_races_LDADD = $(APP_CUDA) -lpthread

tests_apps_app_free_async_SOURCES = tests/apps/app_free_async.c tests/apps/app.h tests/apps/ptx.h
tests_apps_app_free_async_CPPFLAGS = $(APP_CPPFLAGS)
tests_apps_app_free_async_LDFLAGS = $(APP_LINK)
tests_apps_app_free_async_LDADD = $(APP_CUDA) -ldl

tests_apps_app_names_SOURCES = tests/apps/app_names.c
tests_apps_app_names_CPPFLAGS = $(APP_CPPFLAGS)
tests_apps_app_names_LDFLAGS = $(APP_LINK)
tests_apps_app_names_LDADD = -ldl

tests_apps_app_orphan_SOURCES = tests/apps/app_orphan.c tests/apps/app.h tests/apps/ptx.h
tests_apps_app_orphan_CPPFLAGS = $(APP_CPPFLAGS)
tests_apps_app_orphan_LDFLAGS = $(APP_LINK)
tests_apps_app_orphan_LDADD = $(APP_CUDA)

tests_apps_app_peer_SOURCES = tests/apps/app_peer.c tests/apps/app.h tests/apps/ptx.h
tests_apps_app_peer_CPPFLAGS = $(APP_CPPFLAGS)
tests_apps_app_peer_LDFLAGS = $(APP_LINK)
tests_apps_app_peer_LDADD = $(APP_CUDA)

tests_apps_app_steps_SOURCES = tests/apps/app_steps.c tests/apps/app.h tests/apps/ptx.h
tests_apps_app_steps_CPPFLAGS = $(APP_CPPFLAGS) -I$(top_srcdir)/include
tests_apps_app_steps_LDFLAGS = $(APP_LINK)
tests_apps_app_steps_LDADD = $(APP_CUDA) -ldl

tests_apps_app_sticky_SOURCES = tests/apps/app_sticky.c tests/apps/app.h tests/apps/ptx.h
tests_apps_app_sticky_CPPFLAGS = $(APP_CPPFLAGS)
tests_apps_app_sticky_LDFLAGS = $(APP_LINK)
tests_apps_app_sticky_LDADD = $(APP_CUDA) -ldl

tests_apps_app_weak_SOURCES = tests/apps/app_weak.c tests/apps/app.h tests/apps/ptx.h
tests_apps_app_weak_CPPFLAGS = $(APP_CPPFLAGS)
tests_apps_app_weak_LDFLAGS = $(APP_LINK)

tests_apps_app_nvml_SOURCES = tests/apps/app_nvml.c tests/apps/app.h tests/apps/ptx.h
tests_apps_app_nvml_CPPFLAGS = $(APP_CPPFLAGS)
tests_apps_app_nvml_LDFLAGS = $(APP_LINK)
tests_apps_app_nvml_LDADD = $(APP_CUDA) -ldl
tests_apps_app_nvml_linked_SOURCES = $(tests_apps_app_nvml_SOURCES)
tests_apps_app_nvml_linked_CPPFLAGS = $(APP_CPPFLAGS) -DAPP_NVML_LINKED
tests_apps_app_nvml_linked_LDFLAGS = $(APP_LINK)
tests_apps_app_nvml_linked_LDADD = src/sim/libnvidia-ml.la $(APP_CUDA) -ldl

tests_apps_app_cudart_SOURCES = tests/apps/app_cudart.c
tests_apps_app_cudart_CPPFLAGS = $(APP_CPPFLAGS)
tests_apps_app_cudart_LDFLAGS = $(APP_LINK) -export-dynamic
tests_apps_app_cudart_LDADD = -ldl

tests_apps_app_handover_SOURCES = tests/apps/app_handover.c tests/apps/app.h tests/apps/ptx.h
tests_apps_app_handover_CPPFLAGS = $(APP_CPPFLAGS)
tests_apps_app_handover_LDFLAGS = $(APP_LINK)
tests_apps_app_handover_LDADD = $(APP_CUDA)

tests_apps_app_share_SOURCES = tests/apps/app_share.c tests/apps/app.h tests/apps/ptx.h
tests_apps_app_share_CPPFLAGS = $(APP_CPPFLAGS)
tests_apps_app_share_LDFLAGS = $(APP_LINK)
tests_apps_app_share_LDADD = $(APP_CUDA)
