/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A session as the base of TLS. GIO closes the output of the base when that of TLS is closed: here
 * this leaves the output of the session open, so that the two ends can confirm the end of TLS to
 * each other. A close of the whole base closes the session. */

#pragma once

#include "ibb-transport.h"

#define IBB_TYPE_SESSION_BASE (ibb_session_base_get_type ())
G_DECLARE_FINAL_TYPE (IBBSessionBase, ibb_session_base, IBB, SESSION_BASE, GIOStream)

GIOStream *ibb_session_base_new (IBBTransport *transport);
