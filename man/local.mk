# SPDX-License-Identifier: MIT OR Apache-2.0
dist_man_MANS += man/aerostat.1 man/libaerostat.7
