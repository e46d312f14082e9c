/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A server that says what it is told to: for what no real one would say. One
 * client after another, in a thread of its own.
 */

#pragma once

#include <gio/gio.h>

#include "xmpp/ibb-client.h"

#define FAKE_OPEN "<stream:stream"
#define FAKE_HEADER                                                                                \
  "<?xml version='1.0'?><stream:stream xmlns='jabber:client' "                                     \
  "xmlns:stream='http://etherx.jabber.org/streams' from='fake.test' id='1' version='1.0'>"
#define FAKE_FEATURES(inner) FAKE_HEADER "<stream:features>" inner "</stream:features>"
#define FAKE_SASL(inner)                                                                           \
  "<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>" inner "</mechanisms>"
#define FAKE_PLAIN FAKE_SASL ("<mechanism>PLAIN</mechanism>")
#define FAKE_SUCCESS "<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>"
#define FAKE_FAILURE(inner) "<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>" inner "</failure>"
#define FAKE_BIND "<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/>"
#define FAKE_BOUND                                                                                 \
  "<iq type='result' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>"                    \
  "<jid>user@fake.test/r</jid></bind></iq>"
#define FAKE_JID "user@fake.test"

/* The steps that bring a client online that may use PLAIN without TLS. */
#define FAKE_LOGIN                                                                                 \
  { FAKE_OPEN, FAKE_FEATURES (FAKE_PLAIN) }, { "</auth>", FAKE_SUCCESS },                          \
      { FAKE_OPEN, FAKE_FEATURES (FAKE_BIND) }, { "</iq>", FAKE_BOUND },                           \
  {                                                                                                \
    "</presence>", NULL                                                                            \
  }

/* Waits until expect comes, after what the steps before saw, then sends. An
 * expect of NULL waits until the client closes. */
typedef struct
{
  const char *expect; /* (nullable) */
  const char *send;   /* (nullable) */
} FakeStep;

typedef struct _FakeServer FakeServer;

/* The steps end with one that is all NULL, after which the server waits for the
 * client to close. */
FakeServer *fake_server_new (const FakeStep *steps);
/* Speaks TLS from the start. */
FakeServer *fake_server_new_tls (const FakeStep *steps, GTlsCertificate *certificate);
/* (transfer full) (nullable): the TLS channel to the client. */
GTlsConnection *fake_server_dup_tls (FakeServer *self);
guint           fake_server_get_port (FakeServer *self);
/* The steps for clients that come from now on. */
void fake_server_set_steps (FakeServer *self, const FakeStep *steps);
/* The certificate for connections from now on, or for those after the next one. */
void
fake_server_set_certificate (FakeServer *self, GTlsCertificate *certificate, gboolean is_later);
/* How many certificates clients have shown. */
guint fake_server_get_n_certificates (FakeServer *self);
guint fake_server_get_n_clients (FakeServer *self);
/* Waits until so many have come. */
void fake_server_wait_for_clients (FakeServer *self, guint n);
/* Sends from here, once every step is done. */
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

/* A client that logs in to it without TLS. */
IBBClient *fake_create_client (FakeServer *server, const char *jid);
/* Logs the client out and drops both; received, unless it is NULL, gets all that came. */
void fake_log_out (IBBClient *client, FakeServer *server, char **received);
/* Drops the client, as drop_client () does, then the server. */
void fake_end (IBBClient *client, FakeServer *server);
