/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The parts of a URL with TLS: that of a WebSocket, or of a document. */

#pragma once

#include <gio/gio.h>

/* Immutable. */
typedef struct
{
  gatomicrefcount ref_count;
  char           *uri;
  char   *host; /* with A-labels; an IPv6 address without brackets. The certificate is for it */
  guint16 port;
  char   *target; /* the path and the query */
} IBBEndpoint;

/* uri: wss, with a host, without a user or a fragment. Otherwise %G_IO_ERROR_INVALID_ARGUMENT. */
IBBEndpoint *ibb_endpoint_new (const char *uri, GError **error);
/* uri: https, with a host, without a user. (nullable) */
IBBEndpoint *ibb_endpoint_new_web (const char *uri);
IBBEndpoint *ibb_endpoint_ref (IBBEndpoint *self);
void         ibb_endpoint_unref (IBBEndpoint *self);

/* The host as HTTP has it, with the port unless it is the usual one. */
char *ibb_endpoint_dup_authority (const IBBEndpoint *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IBBEndpoint, ibb_endpoint_unref)
