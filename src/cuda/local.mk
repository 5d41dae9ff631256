# SPDX-License-Identifier: MIT OR Apache-2.0
# cuda: talks to the driver.

noinst_LTLIBRARIES += src/cuda/libaecuda.la src/cuda/librealdl.la

src_cuda_libaecuda_la_SOURCES = \
	src/cuda/abi.h src/cuda/abi_opaque.h \
	src/cuda/calls.def \
	src/cuda/device_cuda.c src/cuda/device_cuda.h \
	src/cuda/driver.c src/cuda/driver.h \
	src/cuda/gated.def \
	src/cuda/hooks.def \
	src/cuda/nvml.c src/cuda/nvml.h src/cuda/nvml.def src/cuda/nvml_abi.h \
	src/cuda/safe.def
src_cuda_libaecuda_la_CFLAGS = $(AM_CFLAGS) -fvisibility=hidden

# Runs before any sanitizer has started, inside its own start: never instrumented.
src_cuda_librealdl_la_SOURCES = src/cuda/realdl.c src/cuda/realdl.h
src_cuda_librealdl_la_CFLAGS = $(AE_WARN_CFLAGS) -fvisibility=hidden -fno-builtin \
	-fno-stack-protector
