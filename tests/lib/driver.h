/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* An engine as tests drive it: its clock, its random numbers, what it sends and
 * what it is sent. Unit tests, the fuzzer and the simulation share it. It calls
 * what core/engine.h and core/session/session.h declare, and nothing else of the core. */

#pragma once

#include "core/engine.h"

#include "random.h"

#define OWN "juliet@capulet.example/balcony"
#define OWN_ACCOUNT "juliet@capulet.example"
#define OWN_SERVER "capulet.example"
#define PEER "romeo@montague.example/orchard"
#define PEER_ACCOUNT "romeo@montague.example"
#define PEER_SERVER "montague.example"
#define STRANGER "mallory@example.net/x"

#define MILLISECOND G_GINT64_CONSTANT (1000)
#define SECOND (1000 * MILLISECOND)
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)

typedef struct
{
  IBBNames  *names; /* of the sessions of both */
  IBBEngine *engine;
  IBBEngine *beside;          /* (nullable): of another service on the same connection */
  gboolean   is_beside_first; /* that was made before */
  gboolean   takes_turns;     /* as a connection does: neither service waits for the other */
  gboolean   is_turn_of_beside;
  gint64    *clock; /* what time it is; may be shared with other drivers */
  gint64     time;  /* where clock points otherwise */
  Random     random;

  /* How the connection and the peers behave in driver_take_served. */
  gboolean hold_sent;     /* what was taken is not reported as sent */
  gboolean leave_disco;   /* disco#info queries are left to the test */
  gboolean leave_ping;    /* pings are left to the test */
  gboolean answer_probes; /* the peer answers probes (D-27) */
  gboolean has_feature;   /* the peer advertises our feature */
  gboolean has_rules;     /* servers advertise XEP-0079 (N-31) */

  gboolean sees_no_sessions; /* the services were asked for sessions of that name before */

  const IBBContext *giver; /* (nullable): of the engine that gave the last stanza */

  guint n_asked; /* how often it was asked for a stanza */
  guint n_queries;
  guint n_pings;
  guint n_wakes; /* how often an engine wanted to be woken */
} Driver;

/* clock NULL: its own. */
void driver_init (Driver *self, const char *jid, gint64 *clock, Random random);
void driver_clear (Driver *self);
/* Another service, with the settings of the first. */
void driver_add_beside (Driver *self, gboolean is_first);
/* The engines of the connection, in the order in which they were made, then NULL. */
void   driver_get_engines (const Driver *self, IBBEngine *engines[3]);
gint64 driver_get_wake_time (const Driver *self); /* of the first that wants to be woken */
/* Calls the engine whenever it wants to be woken, until the clock shows that time. */
void driver_advance_to (Driver *self, gint64 time);
void driver_advance (Driver *self, gint64 milliseconds);

/* Gives the engine a stanza: (transfer full). TRUE if it was for the engine. */
gboolean   driver_receive (Driver *self, IBBStanza *stanza);
IBBStanza *driver_new_request (
    IBBPayload payload, const char *from, const char *to, const char *id, const char *sid);
IBBStanza *driver_new_open (
    const char *from, const char *id, const char *sid, guint block_size, gboolean by_message);
void driver_set_block (IBBStanza *stanza, guint seq, const void *bytes, gsize length);
void driver_set_message (IBBStanza *stanza);
/* Answers to a stanza of the engine, from whom it was sent to. */
gboolean driver_answer (Driver *self, const IBBStanza *request);
gboolean driver_answer_error (Driver          *self,
                              const IBBStanza *request,
                              IBBCondition     condition,
                              IBBErrorType     type);
/* Answers as a peer that has the session that the probe names, if it names one (D-27). */
gboolean driver_answer_probe (Driver *self, const IBBStanza *probe);
gboolean driver_answer_info (Driver          *self,
                             const IBBStanza *query,
                             const char      *features, /* (nullable): with spaces between */
                             const char      *identities);   /* (nullable): with newlines between */

/* The next stanza of the engine: (transfer full) (nullable). served: after disco#info queries,
 * pings and probes have been answered, if they are not left to the test. */
IBBStanza  *driver_take (Driver *self);
IBBStanza  *driver_take_unsent (Driver *self); /* the test says when it was sent */
IBBStanza  *driver_take_served (Driver *self);
void        driver_sent (Driver *self, IBBStanza *stanza); /* tells the engines */
const char *driver_describe (const IBBStanza *stanza);     /* (nullable) */
/* A close of no session that anybody has: it asks whether the peer is there (D-27). */
gboolean driver_is_probe (const IBBStanza *stanza);
/* The next event but IBB_EVENT_CHANGED. FALSE: there is none. */
gboolean driver_take_event (Driver *self, IBBEvent *event);

/* A session that we open and PEER accepts. */
IBBSession *driver_open (Driver *self, const char *sid, guint block_size);
void        driver_write (Driver *self, IBBSession *session, gsize length); /* zeros */

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IBBStanza, ibb_stanza_record_unref)
