/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A server that says what it is told to: for what no real one would say. One
 * client after another, in a thread of its own.
 */

#pragma once

#include "acceptor.h"

typedef struct
{
  Acceptor acceptor;

  GMutex             lock;
  GTlsCertificate   *certificate;    /* protected by lock; (nullable): no TLS */
  GTlsCertificate   *later;          /* protected by lock; (nullable): after the next connection */
  int                n_certificates; /* atomic: of clients */
  GCond              changed;
  gboolean           lets_in;      /* protected by lock */
  guint              n_clients;    /* protected by lock */
  GSocketConnection *connection;   /* protected by lock */
  GIOStream         *io;           /* protected by lock: that, or TLS over it */
  GString           *received;     /* protected by lock */
  gsize              seen;         /* protected by lock */
  gboolean           done;         /* protected by lock: the client is logged in, if it is to be */
  gboolean           ended;        /* protected by lock: nothing more comes of what has come */
  gboolean           paused;       /* protected by lock */
  gboolean           deaf;         /* protected by lock */
  gboolean           is_websocket; /* its text is of frames, once it has the request of HTTP */
  GByteArray        *frames; /* of the thread; (nullable): once the client has sent its request */
} FakeServer;

/* certificate: (nullable): speaks TLS from the start */
FakeServer *fake_server_new (GTlsCertificate *certificate);
/* (transfer full) (nullable): the TLS channel to the client. */
GTlsConnection *fake_server_dup_tls (FakeServer *self);
/* Sends, once the client is let in. */
void fake_server_send (FakeServer *self, const char *text, gssize length);
/* Waits for text, which has to come after what was waited for before. */
void fake_server_expect (FakeServer *self, const char *text);
/* The same; what comes up to the end of text. */
char *fake_server_take_until (FakeServer *self, const char *text);
/* From now on the server reads nothing, or reads again. */
void fake_server_set_paused (FakeServer *self, gboolean paused);
void fake_server_close (FakeServer *self);
/* Ends it; returns all that came. */
char *fake_server_free (FakeServer *self);
