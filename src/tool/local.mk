# SPDX-License-Identifier: MIT OR Apache-2.0
# Linked with convenience libraries alone: what lies in the build tree is the program itself.
bin_PROGRAMS += src/tool/aerostat
src_tool_aerostat_SOURCES = \
	src/tool/arguments.c \
	src/tool/arguments.h \
	src/tool/child.c \
	src/tool/child.h \
	src/tool/cmd_debug.c \
	src/tool/cmd_doctor.c \
	src/tool/cmd_limit.c \
	src/tool/cmd_ps.c \
	src/tool/cmd_reserve.c \
	src/tool/cmd_run.c \
	src/tool/cmd_trim.c \
	src/tool/doctor.h \
	src/tool/doctor_driver.c \
	src/tool/doctor_library.c \
	src/tool/doctor_pid.c \
	src/tool/doctor_system.c \
	src/tool/help.c \
	src/tool/ledgers.c \
	src/tool/ledgers.h \
	src/tool/main.c \
	src/tool/models.c \
	src/tool/models.h \
	src/tool/paths.c \
	src/tool/paths.h \
	src/tool/program.c \
	src/tool/program.h \
	src/tool/ps.h \
	src/tool/ps_json.c \
	src/tool/reserve.c \
	src/tool/reserve.h \
	src/tool/stopped.c \
	src/tool/stopped.h \
	src/tool/table.c \
	src/tool/table.h \
	src/tool/targets.c \
	src/tool/targets.h \
	src/tool/tool.h
src_tool_aerostat_CPPFLAGS = $(AM_CPPFLAGS) \
	-DAE_BINDIR='"$(bindir)"' -DAE_LIBDIR='"$(libdir)"' -DAE_SANITIZE_LIBS='"$(AE_SANITIZE_LIBS)"'
src_tool_aerostat_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
src_tool_aerostat_LDADD = src/ledger/libledger.la src/base/libbase.la $(JANSSON_LIBS) -ldl
