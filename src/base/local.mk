# SPDX-License-Identifier: MIT OR Apache-2.0
noinst_LTLIBRARIES += src/base/libbase.la
src_base_libbase_la_SOURCES = \
	src/base/clock.h \
	src/base/config.c \
	src/base/config.h \
	src/base/fd.c \
	src/base/fd.h \
	src/base/hash.h \
	src/base/lock.c \
	src/base/lock.h \
	src/base/log.c \
	src/base/log.h \
	src/base/options.c \
	src/base/options.def \
	src/base/parse.c \
	src/base/parse.h
