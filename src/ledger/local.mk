# SPDX-License-Identifier: MIT OR Apache-2.0
noinst_LTLIBRARIES += src/ledger/libledger.la
src_ledger_libledger_la_SOURCES = \
	src/ledger/layout.c \
	src/ledger/layout.h \
	src/ledger/ledger.c \
	src/ledger/ledger.h \
	src/ledger/lock.c \
	src/ledger/open.c \
	src/ledger/policy.c \
	src/ledger/policy.h \
	src/ledger/read.c
