/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What an application does in the handler of a signal of an identity, or of its question: each of
 * these works, and the session ends as it should. */

#include "fixture.h"
#include "identities.h"

typedef enum
{
  DO_DROP,
  DO_ABORT,
  DO_CANCEL,
  DO_SET,
  DO_ENCRYPT,
  DO_ITERATE,
  N_DEEDS
} Deed;

static const char *const deed_names[N_DEEDS] = {
  "drop", "abort", "cancel", "set", "encrypt", "iterate",
};

static const char *const scenes[] = { "trust-requested", "peer-asking", "broken-off", "withdrawn" };

/* An end; its user thinks about each question. */
typedef struct
{
  IBBXmppIdentity      *identity;  /* (owned) (nullable) */
  IBBTransport         *transport; /* (owned) */
  IBBXmppTrustQuestion *question;  /* (owned) (nullable) */
  GAsyncResult         *result;    /* (owned) (nullable) */
  GError               *error;     /* (owned) (nullable) */
} End;

typedef struct
{
  Fixture      *fixture;
  Deed          deed;
  guint         n_deeds;
  End           romeo;
  End           juliet; /* her program has the handlers */
  gpointer      weak;   /* her identity */
  GCancellable *cancellable;
  Ends          more;  /* of DO_ENCRYPT */
  GAsyncResult *again; /* (owned) (nullable): likewise */
} Test;

static void
act (Test *self)
{
  if (self->n_deeds++ > 0)
    return;
  switch (self->deed)
    {
    case DO_DROP:
      g_clear_object (&self->juliet.identity);
      g_clear_object (&self->juliet.question);
      break;
    case DO_ABORT:
      ibb_transport_abort (self->juliet.transport);
      break;
    case DO_CANCEL:
      g_cancellable_cancel (self->cancellable);
      break;
    case DO_SET:
      ibb_xmpp_identity_set_known_certificates (self->juliet.identity, NULL);
      break;
    case DO_ENCRYPT:
      self->more = fixture_open_with (self->fixture, IBB_STANZA_TYPE_IQ);
      ibb_xmpp_identity_encrypt_async (self->juliet.identity, self->more.juliet, NULL,
                                       store_result_cb, &self->again);
      break;
    case DO_ITERATE:
      run_pending ();
      break;
    case N_DEEDS:
    default:
      g_assert_not_reached ();
    }
}

static void
signal_cb (Test *self)
{
  act (self);
}

static gboolean
keep_cb (IBBXmppIdentity *identity, IBBXmppTrustQuestion *question, End *self)
{
  g_set_object (&self->question, question);
  return TRUE;
}

static gboolean
trust_cb (IBBXmppIdentity *identity, IBBXmppTrustQuestion *question, Test *self)
{
  act (self);
  ibb_xmpp_trust_question_accept (question, IBB_XMPP_ANSWER_FLAGS_REMEMBER);
  return TRUE;
}

static gboolean
watch_cb (IBBXmppIdentity *identity, IBBXmppTrustQuestion *question, Test *self)
{
  g_signal_connect_swapped (question, "withdrawn", G_CALLBACK (signal_cb), self);
  return keep_cb (identity, question, &self->juliet);
}

/* Juliet knows Romeo, who has lost his list: so she is only told that he is asked. */
static void
let_juliet_know (Test *self)
{
  g_autoptr (IBBXmppKnownCertificates) known =
      ibb_xmpp_identity_dup_known_certificates (self->juliet.identity);

  assert_succeeds (ibb_xmpp_known_certificates_add, known, "romeo@montague.example",
                   ibb_xmpp_identity_get_certificate (self->romeo.identity));
}

static void
set_up (Test *self, const char *scene, guint number)
{
  Ends             ends = fixture_open_with (self->fixture, IBB_STANZA_TYPE_IQ);
  g_autofree char *romeo = g_strdup_printf ("romeo-%u", number);
  g_autofree char *juliet = g_strdup_printf ("juliet-%u", number);

  self->romeo = (End){ create_identity (romeo), ends.romeo };
  self->juliet = (End){ create_identity (juliet), ends.juliet };
  self->cancellable = g_cancellable_new ();
  self->weak = self->juliet.identity;
  g_object_add_weak_pointer (G_OBJECT (self->juliet.identity), &self->weak);
  g_signal_connect (self->romeo.identity, "trust-requested", G_CALLBACK (keep_cb), &self->romeo);
  if (g_str_equal (scene, "trust-requested"))
    g_signal_connect (self->juliet.identity, scene, G_CALLBACK (trust_cb), self);
  else if (g_str_equal (scene, "withdrawn"))
    g_signal_connect (self->juliet.identity, "trust-requested", G_CALLBACK (watch_cb), self);
  else
    {
      g_signal_connect (self->juliet.identity, "trust-requested", G_CALLBACK (keep_cb),
                        &self->juliet);
      g_signal_connect_swapped (self->juliet.identity, scene, G_CALLBACK (signal_cb), self);
    }
  if (g_str_equal (scene, "peer-asking"))
    let_juliet_know (self);
}

static void
encrypt (Test *self)
{
  ibb_xmpp_identity_encrypt_async (self->romeo.identity, self->romeo.transport, NULL,
                                   store_result_cb, &self->romeo.result);
  ibb_xmpp_identity_encrypt_async (self->juliet.identity, self->juliet.transport, self->cancellable,
                                   store_result_cb, &self->juliet.result);
}

/* Whether the session was encrypted. */
static gboolean
finish (End *self)
{
  g_autoptr (GAsyncResult) result = wait_for_result (&self->result);
  g_autoptr (GObject)      source = g_async_result_get_source_object (result);
  g_autoptr (GIOStream)    stream =
      ibb_xmpp_identity_encrypt_finish (IBB_XMPP_IDENTITY (source), result, &self->error);

  return stream != NULL;
}

static void
end_clear (End *self)
{
  g_clear_object (&self->question);
  g_clear_error (&self->error);
  g_clear_object (&self->identity);
  g_clear_object (&self->transport);
}

/* The session that was begun in the handler ends with its transport. */
static void
end_again (Test *self)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError)       error = NULL;

  ibb_transport_abort (self->more.romeo);
  result = wait_for_result (&self->again);
  g_assert_null (ibb_xmpp_identity_encrypt_finish (self->juliet.identity, result, &error));
  g_assert_nonnull (error);
  ends_clear (&self->more);
}

static void
test_handler (Fixture *fixture, gconstpointer data)
{
  guint       number = GPOINTER_TO_UINT (data);
  const char *scene = scenes[number / N_DEEDS];
  Test        test = { .fixture = fixture, .deed = (Deed) (number % N_DEEDS) };
  gboolean    is_broken = g_str_equal (scene, "broken-off") || g_str_equal (scene, "withdrawn");
  gboolean    ends_it = test.deed == DO_ABORT || test.deed == DO_CANCEL;

  set_up (&test, scene, number);
  encrypt (&test);
  if (is_broken)
    {
      wait_until (test.juliet.question != NULL);
      ibb_transport_abort (test.romeo.transport);
    }
  wait_until (test.n_deeds > 0);
  if (!is_broken && !ends_it)
    {
      wait_until (test.romeo.question != NULL);
      ibb_xmpp_trust_question_accept (test.romeo.question, IBB_XMPP_ANSWER_FLAGS_NONE);
    }
  g_assert_cmpint (finish (&test.juliet), ==, !is_broken && !ends_it);
  g_assert_cmpint (finish (&test.romeo), ==, !is_broken && !ends_it);
  if (test.deed == DO_CANCEL && !is_broken)
    g_assert_error (test.juliet.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  if (test.deed == DO_ENCRYPT)
    end_again (&test);
  end_clear (&test.romeo);
  end_clear (&test.juliet);
  g_object_unref (test.cancellable);
  poll_until (test.weak == NULL);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (scenes) * N_DEEDS; i++)
    {
      g_autofree char *path = g_strdup_printf ("/ibb/encrypt/handlers/%s/%s", scenes[i / N_DEEDS],
                                               deed_names[i % N_DEEDS]);

      g_test_add (path, Fixture, GUINT_TO_POINTER (i), fixture_set_up, test_handler,
                  fixture_tear_down);
    }
  return run_with_identities ();
}
