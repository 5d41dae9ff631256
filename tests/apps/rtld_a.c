/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The library that comes first: defines rtld_who, and asks who comes next. */
#include "rtld.h"

RTLD_DEFINE(a)
