/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The error with which a server ends an XML stream, as a GError. */

#pragma once

#include "xmpp/stream/element.h"

/* <stream:error/>: G_IO_ERROR_CONNECTION_CLOSED. */
GError *ibb_stream_error_to_error (const IBBElement *element, const char *domain);
/* Appends what the server wrote beside the condition of that namespace. Takes error. */
GError *ibb_stream_error_add_text (GError *error, const IBBElement *element, const char *namespace);
/* (nullable): where the server wants the XML stream to be opened instead (RFC 6120 §4.9.3.19). */
const char *ibb_stream_error_get_other_host (const IBBElement *element);
/* Whether the error is about the connection only, so that the server may have kept the XML stream.
 * After most others it has forgotten that, or a resumption would meet the same error. */
gboolean ibb_stream_error_is_of_connection (const IBBElement *element);
