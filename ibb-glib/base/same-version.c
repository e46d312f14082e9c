/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "base/same-version.h"

const char IBB_SAME_VERSION = 0;
