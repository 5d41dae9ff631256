# SPDX-License-Identifier: MIT OR Apache-2.0
noinst_LTLIBRARIES += src/pool/libpool.la
src_pool_libpool_la_SOURCES = \
	src/pool/access.c \
	src/pool/backing.c \
	src/pool/backing.h \
	src/pool/block.c \
	src/pool/block.h \
	src/pool/cache.c \
	src/pool/cache.h \
	src/pool/check.c \
	src/pool/chunk.c \
	src/pool/chunk.h \
	src/pool/device.h \
	src/pool/device_ops.h \
	src/pool/extent.c \
	src/pool/extent.h \
	src/pool/internal.h \
	src/pool/list.h \
	src/pool/pool.c \
	src/pool/pool.h \
	src/pool/record.h \
	src/pool/reservation.c \
	src/pool/reservation.h \
	src/pool/slab.c \
	src/pool/slab.h \
	src/pool/tree.c \
	src/pool/tree.h \
	src/pool/walk.c
