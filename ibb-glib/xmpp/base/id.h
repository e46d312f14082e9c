/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

/* The id of a request that nobody else can guess. */
char *ibb_id_new (void);
