/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A way to a server that breaks when it is told to: connections are cut, with
 * what was under way, are not let in, or carry nothing any more. In threads of
 * its own.
 */

#pragma once

#include <gio/gio.h>

typedef struct _CutProxy CutProxy;

CutProxy *cut_proxy_new (guint target_port); /* on the loopback interface */
/* A proxy that its clients name: they ask it for a host and a port by HTTP (CONNECT). Each host is
 * this machine. The ports that a client chooses by itself, 5222, 5223 and 443, lead to target_port.
 */
CutProxy *cut_proxy_new_asked (guint target_port);
void      cut_proxy_free (CutProxy *self);
guint     cut_proxy_get_port (CutProxy *self);
/* (transfer full): what it was asked for, as "host:port host:port ". */
char *cut_proxy_dup_asked (CutProxy *self);
/* How many connections were accepted so far, but for those closed at once. */
guint cut_proxy_get_n_connections (CutProxy *self);

void cut_proxy_cut (CutProxy *self);
/* Cuts by itself each time that so many more bytes went through, up to n times. */
void cut_proxy_cut_every (CutProxy *self, guint64 bytes, guint n);
/* How many of these are still to come. */
guint cut_proxy_get_n_left (CutProxy *self);
/* From now on new connections are closed at once, or are not. */
void cut_proxy_set_closed (CutProxy *self, gboolean closed);
/* The connections that there are carry nothing any more, and are not cut. A new one is
 * accepted, and waits. */
void cut_proxy_stall (CutProxy *self);
/* The connection that waits, and those after it, lead to the server. */
void cut_proxy_let_in (CutProxy *self);
