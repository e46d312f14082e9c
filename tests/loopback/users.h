/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Users whose programs work in threads, and encrypt their sessions. */

#pragma once

#include "fixture.h"
#include "identities.h"

/* A user at one end, whose program works in a thread. */
typedef struct
{
  Fixture         *fixture;
  IBBXmppIdentity *identity; /* (owned) */
  gboolean         accepts;

  /* of the thread until it has ended */
  GIOStream *stream; /* (owned) (nullable) */
  GError    *error;  /* (owned) (nullable) */
  char      *code;   /* (owned) (nullable) */
  char      *digits; /* (owned) (nullable): the fingerprint that was shown */
  guint      n_asked;

  GAsyncQueue *told; /* (nullable): the digits that the other end shows come before the answer */

  IBBTransport *transport; /* (owned) */
} User;

static inline gboolean
trust_cb (IBBXmppIdentity *identity, IBBXmppTrustQuestion *question, User *self)
{
  self->n_asked++;
  g_free (self->code);
  g_free (self->digits);
  self->code = g_strdup (ibb_xmpp_trust_question_get_code (question));
  self->digits = g_strdup (ibb_xmpp_trust_question_get_fingerprint (question));
  if (self->told != NULL)
    {
      g_autofree char *code = g_async_queue_pop (self->told);

      g_assert_cmpstr (code, ==, self->code);
    }
  if (self->accepts)
    ibb_xmpp_trust_question_accept (question, IBB_XMPP_ANSWER_FLAGS_REMEMBER);
  return TRUE;
}

static inline gpointer
encrypt_thread (gpointer data)
{
  User *self = data;

  self->stream = ibb_xmpp_identity_encrypt (self->identity, self->transport, NULL, &self->error);
  return NULL;
}

static inline void
user_init (User *self, const char *name)
{
  *self = (User){ .accepts = TRUE };
  self->identity = create_identity (name);
  g_signal_connect (self->identity, "trust-requested", G_CALLBACK (trust_cb), self);
}

static inline void
user_end_session (User *self)
{
  g_clear_object (&self->stream);
  g_clear_object (&self->transport);
  g_clear_error (&self->error);
}

static inline void
user_clear (User *self)
{
  user_end_session (self);
  g_clear_pointer (&self->code, g_free);
  g_clear_pointer (&self->digits, g_free);
  g_clear_object (&self->identity);
}

static inline void
encrypt (Fixture *fixture, User *romeo, User *juliet)
{
  Ends     ends = fixture_open_with (fixture, IBB_STANZA_TYPE_IQ);
  GThread *threads[2];

  romeo->transport = ends.romeo;
  juliet->transport = ends.juliet;
  threads[0] = g_thread_new ("romeo", encrypt_thread, romeo);
  threads[1] = g_thread_new ("juliet", encrypt_thread, juliet);
  g_thread_join (threads[0]);
  g_thread_join (threads[1]);
}

static inline char *
dup_fingerprint (User *self)
{
  return ibb_xmpp_known_certificates_dup_fingerprint (
      ibb_xmpp_identity_get_certificate (self->identity));
}
