/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The core's failures as GErrors. */

#pragma once

#include "core/failure.h"
#include "ibb-error.h"

G_BEGIN_DECLS

/* The precise one (IBB_ERROR or G_IO_ERROR), as opens, dup_error () and ended
 * report it. peer and sid go into the message; NULL for NONE. */
GError *ibb_error_new_from_failure (const IBBFailure *failure, const char *peer, const char *sid);
/* The same as G_IO_ERROR, for stream operations (design section 4). */
GError *ibb_error_new_for_stream (const IBBFailure *failure, const char *peer, const char *sid);
GError *ibb_error_to_stream_error (const GError *error);

G_END_DECLS
