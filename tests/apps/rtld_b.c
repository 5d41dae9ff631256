/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The library that comes second: there is no rtld_who after its own. */
#include "rtld.h"

RTLD_DEFINE(b)
