/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Alice and Bob at a real server, over ways to it that break when they are told to, and what
 * the two send each other. See tests/lib/prosody.py for IBB_TEST_*.
 */

#pragma once

#include "../lib/account.h"
#include "client-fixture.h"
#include "cut-proxy.h"

typedef struct
{
  CutProxy      *proxy;
  IBBXmppClient *client;
  IBBService    *service;
} Party;

typedef struct
{
  Party alice;
  Party bob;
} Parties;

void party_init (Party *self, const char *name, const char *resource);
void party_clear (Party *self);
/* Call this before the login: the client goes over WebSocket. */
void party_use_websocket (Party *self);

void parties_tear_down (Parties *self, gconstpointer data);
void parties_open_session (Parties       *self,
                           IBBStanzaType  stanza_type,
                           IBBTransport **alice,
                           IBBTransport **bob);

/* One end of a session at work: writes so much, reads as much, and closes its output. */
typedef struct
{
  GThread      *threads[2];
  IBBTransport *transport;
  gsize         total;
  char         *written; /* checksums */
  char         *read;
} End;

void end_start (End *self, IBBTransport *transport, gsize total);
/* Waits until all bytes have arrived, closes both and compares what they have written and read. */
void ends_finish (End ends[2]);
