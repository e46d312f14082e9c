/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* One engine and a scripted peer. Time is a number that the test moves; what
 * the engine has to say is taken one stanza at a time and compared. */

#pragma once

#include "core/engine.h"

#define OWN "juliet@capulet.example/balcony"
#define PEER "romeo@montague.example/orchard"
#define PEER_BARE "romeo@montague.example"
#define STRANGER "mallory@example.net/x"
#define SID "s1"

#define MILLISECOND G_GINT64_CONSTANT (1000)
#define SECOND (1000 * MILLISECOND)

typedef struct
{
  IBBEngine *engine;
  gint64     now;
  guint64    random;
  gboolean   hold_sent;   /* what is taken is not reported as sent */
  gboolean   leave_disco; /* a disco#info query is not answered by itself */
  gboolean   has_feature; /* the answer names our feature */
  gboolean   has_rules;   /* the answer names XEP-0079 (N-31) */
  gboolean   leave_ping;  /* nor is a ping to the server */
  guint      n_disco;     /* queries seen */
  guint      n_pings;
  guint      n_wakes;     /* how often the engine wanted to be woken */
  guint      n_ids;       /* for ids of the peer's requests */
  char       last_id[32]; /* of the last request that the peer sent */
  GQueue     events;      /* IBBEvent: all but CHANGED */
} Harness;

typedef void (*HarnessFunc) (Harness *self, gconstpointer data);

void         harness_add (const char *path, HarnessFunc test, gconstpointer data);
IBBSettings *harness_settings (Harness *self);

/* Time. advance goes from timer to timer; at a test's own peril it may not. */
void harness_advance (Harness *self, gint64 milliseconds);

/* What the peer sends. id NULL: a fresh one, in last_id. */
gboolean   harness_receive (Harness *self, IBBStanza *stanza); /* (transfer full) */
IBBStanza *harness_request (
    Harness *self, IBBPayload payload, const char *from, const char *id, const char *sid);
void harness_send_open (
    Harness *self, const char *from, const char *sid, guint block_size, IBBCarrier carrier);
void harness_send_data (Harness *self, const char *sid, guint seq, const char *bytes);
void harness_send_data_full (Harness    *self,
                             const char *from,
                             const char *id,
                             const char *sid,
                             guint       seq,
                             const void *bytes,
                             gsize       length,
                             IBBCarrier  carrier);
void harness_send_close (Harness *self, const char *sid, gboolean unclean);
/* Answers to a stanza of ours, in the name of whom it was sent to. */
void harness_answer (Harness *self, IBBStanza *stanza);
void
harness_answer_error (Harness *self, IBBStanza *stanza, IBBCondition condition, IBBErrorType type);

/* What the engine sends. expect functions fail the test when it is something
 * else. Answers to disco#info queries are given on the way, see above. */
IBBStanza *harness_take (Harness *self);                       /* (transfer full) (nullable) */
IBBStanza *harness_expect (Harness *self, IBBPayload payload); /* (transfer full) */
void       harness_expect_nothing (Harness *self);
void       harness_expect_result (Harness *self); /* to last_id */
void       harness_expect_result_to (Harness *self, const char *id);
void       harness_expect_error (Harness *self, IBBCondition condition, IBBErrorType type);
void
harness_expect_error_to (Harness *self, const char *id, IBBCondition condition, IBBErrorType type);
IBBStanza *harness_expect_data (Harness *self, guint seq, const char *bytes); /* bytes NULL: any */
IBBStanza *harness_expect_close (Harness *self, gboolean unclean);

/* Events: CHANGED is skipped. */
IBBEvent   *harness_event (Harness *self); /* (transfer full) (nullable) */
IBBSession *harness_expect_session (Harness *self, IBBEventType type); /* (transfer full) */
void        harness_event_free (IBBEvent *event);

/* Sessions ready for use. */
IBBSession *
harness_open (Harness *self, IBBCarrier carrier, guint block_size); /* by us, accepted */
IBBSession *harness_open_another (Harness *self, const char *sid, guint block_size);
IBBSession *harness_accept (Harness *self, IBBCarrier carrier, guint block_size); /* by the peer */
IBBSession *harness_begin_open (
    Harness *self, const char *peer, const char *sid, IBBCarrier carrier, guint block_size);
void  harness_write (Harness *self, IBBSession *session, const char *bytes);
void  harness_write_n (Harness *self, IBBSession *session, gsize length); /* zeros */
void  harness_expect_read (Harness *self, IBBSession *session, const char *bytes);
gsize harness_read_n (Harness *self, IBBSession *session, gsize length);
/* Sends n_blocks of length bytes beginning with seq, and no more. */
void harness_send_blocks (Harness *self, const char *sid, guint seq, guint n_blocks, gsize length);

gsize harness_size_of (IBBStanza *block);
/* The first block and its acknowledgement, which also brings trust (D-29). */
void harness_warm_up (Harness *self, IBBSession *session);
/* After that, two full blocks in flight: (transfer full). */
void harness_send_two (Harness *self, IBBSession *session, IBBStanza **first, IBBStanza **second);

#define assert_failure(failure, k) g_assert_cmpint ((failure)->kind, ==, (k))
#define assert_input(session, what) g_assert_cmpint (ibb_session_get_input (session), ==, (what))
#define assert_state(session, what) g_assert_cmpint (ibb_session_get_state (session), ==, (what))

/* Everything is over and nothing is left behind. */
void harness_assert_empty (Harness *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IBBStanza, ibb_stanza_record_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (IBBEvent, harness_event_free)
