/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* D-16: the server ends the XML stream for a block that is too long. */

#include "config.h"

#include "resume-peer.h"

#include <string.h>

#include "inside.h"

#define LONG 4096

static IBBSession *
accept_long (Driver *self)
{
  IBBStanza *open = driver_new_open (PEER, "open", SID, LONG, FALSE);
  IBBStanza *result;
  IBBEvent   event = IBB_EVENT_INIT;

  ibb_engine_get_settings (self->engine)->session_limit = 2;
  ibb_engine_get_settings (self->engine)->window = 65536;
  ibb_engine_set_listen (self->engine, IBB_LISTEN_ACCEPT);
  open->secret = g_strdup (SECRET);
  g_assert_true (driver_receive (self, open));
  g_assert_true (driver_take_event (self, &event));
  result = driver_take_served (self);
  g_assert_true (result->is_resumable);
  ibb_stanza_record_unref (result);
  return event.session;
}

/* The server ends the XML stream, and lets us in again: the <resume/>. */
static IBBStanza *
violate (Driver *self, IBBSession *session)
{
  g_assert_true (ibb_engine_note_violation (self->engine));
  return resume_peer_interrupt (self, session);
}

/* The bytes of a block, which is shorter than before. */
static gsize
take_shorter (Driver *self, IBBSession *session, guint seq)
{
  g_autoptr (IBBStanza) block = resume_peer_take_block (self, seq);
  gsize                 size = g_bytes_get_size (block->bytes);

  g_assert_cmpuint (size, <, LONG / 2);
  g_assert_true (driver_answer (self, block));
  return size;
}

static void
test_shorter (Driver *self)
{
  g_autoptr (IBBSession) session = accept_long (self);
  g_autoptr (IBBStanza)  block = NULL;
  g_autoptr (IBBStanza)  resume = NULL;
  gsize                  sent = 0;

  block = resume_peer_write (self, session, LONG);
  resume = violate (self, session);
  resume_peer_answer (self, resume, 0, FALSE);
  g_assert_false (driver_answer (self, block)); /* nobody waits for that reply any more */
  for (guint seq = 0; sent < LONG; seq++)
    sent += take_shorter (self, session, seq);
  g_assert_cmpuint (sent, ==, LONG);
  g_assert_cmpuint (ibb_session_get_delivered (session), ==, LONG);
  resume_peer_assert_nothing (self);
  resume_peer_abort (self, session);
}

/* What is short enough is sent again as before: the peer may get these blocks twice. */
static void
test_short_enough (Driver *self)
{
  g_autoptr (IBBSession) session = accept_long (self);
  g_autoptr (IBBStanza)  first = resume_peer_write (self, session, 50);
  g_autoptr (IBBStanza)  second = NULL;
  g_autoptr (IBBStanza)  third = NULL;
  g_autoptr (IBBStanza)  again = NULL;
  g_autoptr (IBBStanza)  resume = NULL;

  g_assert_true (driver_answer (self, first));
  inside_set (self->engine, NULL, "window", 1000000, *self->clock);
  driver_write (self, session, 60);
  second = resume_peer_take_block (self, 1);
  driver_write (self, session, LONG);
  third = resume_peer_take_block (self, 2);
  g_assert_cmpuint (g_bytes_get_size (third->bytes), ==, LONG);

  resume = violate (self, session);
  resume_peer_answer (self, resume, 50, FALSE);
  again = resume_peer_take_block (self, 1);
  g_assert_cmpstr (again->id, ==, second->id);
  g_assert_true (g_bytes_equal (again->bytes, second->bytes));
  g_assert_true (driver_answer (self, again));
  for (guint seq = 2; ibb_session_get_delivered (session) < 110 + LONG; seq++)
    take_shorter (self, session, seq);
  resume_peer_abort (self, session);
}

/* Later sessions have shorter blocks, too, until a login to another server. */
static void
test_later_session (Driver *self)
{
  g_autoptr (IBBSession) session = accept_long (self);
  g_autoptr (IBBStanza)  block = resume_peer_write (self, session, LONG);
  g_autoptr (IBBStanza)  resume = violate (self, session);
  g_autoptr (IBBSession) later = NULL;
  g_autoptr (IBBSession) other = NULL;

  resume_peer_abort (self, session);
  later = accept_long (self);
  driver_write (self, later, LONG);
  take_shorter (self, later, 0);
  resume_peer_abort (self, later);

  ibb_engine_lost (self->engine);
  resume_peer_restore (self, "own@elsewhere/res");
  other = accept_long (self);
  ibb_stanza_record_unref (resume_peer_write (self, other, LONG));
  resume_peer_abort (self, other);
}

/* Where not even a short block is taken, the session says so. The length was not the reason: the
 * next session is tried as if nothing had happened. */
static void
test_nothing_fits (Driver *self, IBBSession *session)
{
  g_autoptr (IBBStanza)  block = resume_peer_write (self, session, BLOCK);
  g_autoptr (IBBSession) later = NULL;

  g_assert_true (ibb_engine_note_violation (self->engine));
  ibb_engine_lost (self->engine);
  resume_peer_assert_ended (session, IBB_FAILURE_NO_ROOM);
  resume_peer_restore (self, OWN);
  later = resume_peer_accept (self);
  ibb_stanza_record_unref (resume_peer_write (self, later, BLOCK));
  resume_peer_abort (self, later);
}

/* Nothing was under way. */
static void
test_other_reason (Driver *self, IBBSession *session)
{
  g_autoptr (IBBStanza) block = resume_peer_write (self, session, BLOCK);

  g_assert_true (driver_answer (self, block));
  g_assert_false (ibb_engine_note_violation (self->engine));
  resume_peer_abort (self, session);
}

int
main (int argc, char **argv)
{
  static const ResumePeerTest tests[] = {
    { "limit/nothing-fits/D-16", test_nothing_fits },
    { "limit/other-reason/D-16", test_other_reason },
  };

  g_test_init (&argc, &argv, NULL);

  resume_peer_add (tests, G_N_ELEMENTS (tests));
  resume_peer_add_bare ("limit/shorter/D-16", test_shorter);
  resume_peer_add_bare ("limit/short-enough/D-16", test_short_enough);
  resume_peer_add_bare ("limit/later-session/D-16", test_later_session);

  return g_test_run ();
}
