/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The id of a request that nobody else can guess. */
char *ibb_id_new (void);

G_END_DECLS
