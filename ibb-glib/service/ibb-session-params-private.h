/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "ibb-session-params.h"
#include "runtime/session-operation.h"

/* Check the arguments of a call for a session; self is nullable. FALSE with
 * %G_IO_ERROR_INVALID_ARGUMENT set if one is wrong. The result borrows the strings. */
gboolean ibb_session_params_fill_open (IBBSessionParams *self,
                                       const char       *peer_jid,
                                       IBBSessionWish   *wish,
                                       GError          **error);
gboolean ibb_session_params_fill_expected (IBBSessionParams *self,
                                           const char       *peer_jid,
                                           const char       *sid,
                                           IBBSessionWish   *wish,
                                           GError          **error);
