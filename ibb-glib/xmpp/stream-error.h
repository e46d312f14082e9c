/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a server says went wrong, as GErrors. */

#pragma once

#include "xmpp/element.h"

G_BEGIN_DECLS

/* <stream:error/>: G_IO_ERROR_CONNECTION_CLOSED. */
GError *ibb_stream_error_to_error (const IBBElement *element, const char *domain);
/* SASL's <failure/>, or anything else in its place: IBB_ERROR_AUTHENTICATION. */
GError *
ibb_sasl_failure_to_error (const IBBElement *element, const char *mechanism, const char *jid);
/* The code in IBB_ERROR of a stanza error condition; name is NULL for none. */
int ibb_condition_to_code (const char *name);

G_END_DECLS
