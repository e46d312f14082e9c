/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Sessions that have ended in order, of which a peer may ask (D-58). */

#include "config.h"

#include "core/session/finished.h"

#include "core/base/proof.h"

#define OWN "juliet@capulet.example"
#define PEER "romeo@montague.example"
#define SECRET "00112233445566778899aabbccddeeff"

static IBBStanza *
new_resume (const char *sid, gboolean is_initiator)
{
  IBBStanza *resume = ibb_stanza_record_new (IBB_STANZA_IQ, "set", IBB_PAYLOAD_RESUME, "id", NULL);
  IBBStatement statement = { IBB_PROOF_RESUME, is_initiator, sid, 7, 1, 0 };

  resume->sid = g_strdup (sid);
  resume->count = 7;
  resume->received = 1;
  resume->proof = ibb_proof_create (SECRET, &statement);
  return resume;
}

static gboolean
knows (IBBContext *context,
       const char *sid,
       const char *local,
       const char *peer,
       gboolean    is_initiator)
{
  IBBStanza         *resume = new_resume (sid, is_initiator);
  const IBBFinished *finished = ibb_finished_find (context, resume, local, peer);

  if (finished != NULL)
    ibb_finished_answer (finished, resume);
  ibb_stanza_record_unref (resume);
  return finished != NULL;
}

static void
add (IBBContext *context, const char *peer, const char *sid, const char *secret)
{
  IBBParameters parameters = { .context = context,
                               .key = { (char *) OWN "/r", (char *) peer, (char *) sid },
                               .secret = (char *) secret };

  ibb_finished_add (&parameters, 0, 0, 0);
}

/* A peer that ends many sessions makes us forget its own first. Of accounts with as many, the one
 * with the oldest goes first. */
static void
test_accounts (void)
{
  IBBContext *context = ibb_context_new (NULL, NULL, g_hash_table_new (NULL, NULL));

  add (context, PEER "/r", "first", SECRET);
  add (context, "mercutio@verona.example/r", "other", SECRET);
  for (guint i = 0; i < 300; i++)
    {
      g_autofree char *sid = g_strdup_printf ("s%u", i);

      add (context, "tybalt@capulet.example/r", sid, SECRET);
    }
  g_assert_true (knows (context, "first", OWN, PEER, TRUE));
  g_assert_true (knows (context, "other", OWN, "mercutio@verona.example", TRUE));
  g_assert_true (knows (context, "s299", OWN, "tybalt@capulet.example", TRUE));
  g_assert_true (knows (context, "s46", OWN, "tybalt@capulet.example", TRUE));
  g_assert_false (knows (context, "s45", OWN, "tybalt@capulet.example", TRUE));
  for (guint i = 0; i < 254; i++)
    {
      g_autofree char *peer = g_strdup_printf ("%u@verona.example", i);

      add (context, peer, "s", SECRET);
    }
  g_assert_false (knows (context, "first", OWN, PEER, TRUE));
  g_assert_true (knows (context, "other", OWN, "mercutio@verona.example", TRUE));
  ibb_finished_forget_all (context);
  ibb_context_unref (context);
}

/* Each one that is looked at costs a proof, so the last 8 of one name are. */
static void
test_same_sid (void)
{
  IBBContext *context = ibb_context_new (NULL, NULL, g_hash_table_new (NULL, NULL));

  add (context, PEER "/r", "s", SECRET);
  for (guint i = 0; i < 7; i++)
    add (context, PEER "/x", "s", "another");
  g_assert_true (knows (context, "s", OWN, PEER, TRUE));
  add (context, PEER "/x", "s", "another");
  g_assert_false (knows (context, "s", OWN, PEER, TRUE));
  ibb_finished_forget_all (context);
  ibb_context_unref (context);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/ibb/finished/accounts/D-58", test_accounts);
  g_test_add_func ("/ibb/finished/same-sid/D-58", test_same_sid);
  return g_test_run ();
}
