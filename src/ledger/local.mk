# SPDX-License-Identifier: MIT OR Apache-2.0
noinst_LTLIBRARIES += src/ledger/libledger.la
src_ledger_libledger_la_SOURCES = \
	src/ledger/claim.c \
	src/ledger/internal.h \
	src/ledger/layout.c \
	src/ledger/layout.h \
	src/ledger/ledger.c \
	src/ledger/ledger.h \
	src/ledger/line.c \
	src/ledger/lock.c \
	src/ledger/mail.c \
	src/ledger/measure.c \
	src/ledger/open.c \
	src/ledger/policy.c \
	src/ledger/policy.h \
	src/ledger/read.c \
	src/ledger/tell.c \
	src/ledger/view.c \
	src/ledger/words.c \
	src/ledger/words.h
