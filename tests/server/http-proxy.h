/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A proxy that its clients name: they ask it for a host and a port by HTTP (CONNECT). Each host is
 * this machine. In threads of its own.
 */

#pragma once

#include <gio/gio.h>

typedef struct _HttpProxy HttpProxy;

/* The ports that a client chooses by itself, 5222, 5223 and 443, lead to target_port. */
HttpProxy *http_proxy_new (guint target_port);
void       http_proxy_free (HttpProxy *self);
guint      http_proxy_get_port (HttpProxy *self);
/* (transfer full): what it was asked for, as "host:port host:port ". */
char *http_proxy_dup_asked (HttpProxy *self);
