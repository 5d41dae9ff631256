# SPDX-License-Identifier: MIT OR Apache-2.0
# The stand-in NVML: one for each version of the simulated driver, beside it.

noinst_LTLIBRARIES += src/sim/nvml/libsimnvml.la
sim_LTLIBRARIES += src/sim/libnvidia-ml.la
sim11020_LTLIBRARIES += src/sim/driver-11020/libnvidia-ml.la
sim11080_LTLIBRARIES += src/sim/driver-11080/libnvidia-ml.la
sim12040_LTLIBRARIES += src/sim/driver-12040/libnvidia-ml.la
siminclude_HEADERS += src/sim/include/nvml.h

src_sim_nvml_libsimnvml_la_CPPFLAGS = $(SIM_CPPFLAGS)
src_sim_nvml_libsimnvml_la_CFLAGS = $(src_sim_libsim_la_CFLAGS)
src_sim_nvml_libsimnvml_la_LIBADD = -lpthread
src_sim_nvml_libsimnvml_la_SOURCES = \
	src/sim/budget_file.h \
	src/sim/nvml/look.c \
	src/sim/nvml/memory.c \
	src/sim/nvml/nvml.c \
	src/sim/nvml/sim_nvml.h \
	src/sim/options.c \
	src/sim/sim.h \
	src/sim/uuid.c

NVML_LDFLAGS = $(SIM_LDFLAGS) -export-symbols-regex '^nvml[A-Z]'
src_sim_libnvidia_ml_la_SOURCES = src/sim/version.c src/sim/nvml/memory_v2.c
src_sim_libnvidia_ml_la_CPPFLAGS = $(SIM_CPPFLAGS) -DSIM_DRIVER=13000
src_sim_libnvidia_ml_la_CFLAGS = $(src_sim_libsim_la_CFLAGS)
src_sim_libnvidia_ml_la_LIBADD = src/sim/nvml/libsimnvml.la
src_sim_libnvidia_ml_la_LDFLAGS = $(NVML_LDFLAGS)
src_sim_driver_11020_libnvidia_ml_la_SOURCES = src/sim/version.c
src_sim_driver_11020_libnvidia_ml_la_CPPFLAGS = $(SIM_CPPFLAGS) -DSIM_DRIVER=11020
src_sim_driver_11020_libnvidia_ml_la_CFLAGS = $(src_sim_libsim_la_CFLAGS)
src_sim_driver_11020_libnvidia_ml_la_LIBADD = src/sim/nvml/libsimnvml.la
src_sim_driver_11020_libnvidia_ml_la_LDFLAGS = $(NVML_LDFLAGS)
src_sim_driver_11080_libnvidia_ml_la_SOURCES = src/sim/version.c src/sim/nvml/memory_v2.c
src_sim_driver_11080_libnvidia_ml_la_CPPFLAGS = $(SIM_CPPFLAGS) -DSIM_DRIVER=11080
src_sim_driver_11080_libnvidia_ml_la_CFLAGS = $(src_sim_libsim_la_CFLAGS)
src_sim_driver_11080_libnvidia_ml_la_LIBADD = src/sim/nvml/libsimnvml.la
src_sim_driver_11080_libnvidia_ml_la_LDFLAGS = $(NVML_LDFLAGS)
src_sim_driver_12040_libnvidia_ml_la_SOURCES = src/sim/version.c src/sim/nvml/memory_v2.c
src_sim_driver_12040_libnvidia_ml_la_CPPFLAGS = $(SIM_CPPFLAGS) -DSIM_DRIVER=12040
src_sim_driver_12040_libnvidia_ml_la_CFLAGS = $(src_sim_libsim_la_CFLAGS)
src_sim_driver_12040_libnvidia_ml_la_LIBADD = src/sim/nvml/libsimnvml.la
src_sim_driver_12040_libnvidia_ml_la_LDFLAGS = $(NVML_LDFLAGS)
