/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Reader of one answer of HTTP/1.1 (RFC 9112), from bytes as they come. Each part has a bound, and
 * so has the number of the interim answers (1xx) before the last one.
 */

#pragma once

#include <gio/gio.h>

typedef struct _IBBHttpReader IBBHttpReader;

/* max_body: bytes of the content of an answer with status 200. 0: the answer ends with its head, as
 * each answer with another status does. */
IBBHttpReader *ibb_http_reader_new (gsize max_body);
void           ibb_http_reader_free (IBBHttpReader *self);

/* Takes length bytes, or less when the answer ends before: the rest is left in data and length.
 * FALSE: %G_IO_ERROR_INVALID_DATA, and nothing more may be fed. */
gboolean
ibb_http_reader_feed (IBBHttpReader *self, const char **data, gsize *length, GError **error);
/* Takes the end of the connection. FALSE: %G_IO_ERROR_INVALID_DATA, as the answer is not
 * complete. */
gboolean ibb_http_reader_end (IBBHttpReader *self, GError **error);
gboolean ibb_http_reader_is_done (const IBBHttpReader *self);

/* These are for a complete answer. */
guint ibb_http_reader_get_status (const IBBHttpReader *self);
/* (nullable): the value of a field, with those of other fields of this name behind commas. */
const char *ibb_http_reader_get_field (const IBBHttpReader *self, const char *name);
/* Whether one of the values is token, in any case. */
gboolean ibb_http_reader_has_token (const IBBHttpReader *self, const char *name, const char *token);
const char *ibb_http_reader_get_body (const IBBHttpReader *self, gsize *length);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IBBHttpReader, ibb_http_reader_free)
