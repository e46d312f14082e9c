/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A server that says what it is told to: for what no real one would say. One
 * client after another, in a thread of its own.
 */

#pragma once

#include <gio/gio.h>

typedef struct _FakeServer FakeServer;

/* certificate: (nullable): speaks TLS from the start */
FakeServer *fake_server_new (GTlsCertificate *certificate);
/* (transfer full) (nullable): the TLS channel to the client. */
GTlsConnection *fake_server_dup_tls (FakeServer *self);
guint           fake_server_get_port (FakeServer *self);
/* Logs in clients that come from now on, by PLAIN without TLS or with TLS from the start. */
void fake_server_let_in (FakeServer *self);
/* The certificate for connections from now on, or for those after the next one. */
void
fake_server_set_certificate (FakeServer *self, GTlsCertificate *certificate, gboolean is_later);
/* How many certificates clients have shown. */
guint fake_server_get_n_certificates (FakeServer *self);
guint fake_server_get_n_clients (FakeServer *self);
/* Waits until so many have come. */
void fake_server_wait_for_clients (FakeServer *self, guint n);
/* Sends, once the client is let in. */
void fake_server_send (FakeServer *self, const char *text, gssize length);
/* Waits for text, which has to come after what was waited for before. */
void fake_server_expect (FakeServer *self, const char *text);
/* The same; what comes up to the end of text. */
char *fake_server_take_until (FakeServer *self, const char *text);
/* From now on the server reads nothing, or reads again. */
void fake_server_set_paused (FakeServer *self, gboolean paused);
/* Before the client comes: what it sends is text of frames once it has sent the request of HTTP. */
void fake_server_speak_websocket (FakeServer *self);
/* The server does not answer the end of the client's XML stream. */
void fake_server_set_deaf (FakeServer *self);
void fake_server_close (FakeServer *self);
/* Ends it; returns all that came. */
char *fake_server_free (FakeServer *self);
