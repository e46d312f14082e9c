/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The core's failures as GErrors. */

#pragma once

#include "core/base/failure.h"
#include "ibb-error.h"

/* The precise one (IBB_ERROR or G_IO_ERROR), as opens, dup_error () and ended
 * report it. peer and sid (nullable) go into the message; NULL for NONE. */
GError *ibb_error_new_from_failure (const IBBFailure *failure, const char *peer, const char *sid);
/* Converts an error into the G_IO_ERROR that GIO documents for operations of streams. */
GError *ibb_error_new_for_stream (const IBBFailure *failure, const char *peer, const char *sid);
GError *ibb_error_to_stream_error (const GError *error);
/* Adds to the message what the connection said: both may be NULL, error is (transfer full). */
GError *ibb_error_add_reason (GError *error, const char *reason);

/* otherwise stands for NONE, and for a number that is no condition. */
IBBCondition ibb_error_to_condition (IBBStanzaCondition condition, IBBCondition otherwise);

/* The code of a condition by its name (nullable). */
static inline int
ibb_error_code_from_condition (const char *name)
{
  IBBCondition condition;

  return ibb_condition_from_string (name, &condition)
             ? (int) IBB_ERROR_BAD_REQUEST + (int) condition
             : IBB_ERROR_UNDEFINED_CONDITION;
}
