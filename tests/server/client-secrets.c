/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a login leaves of the password in the memory of the process, and what it logs. Beside
 * a real server, whose memory is its own: see tests/lib/prosody.py for IBB_TEST_*. */

#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/account.h"
#include "../lib/memory.h"
#include "client-fixture.h"

enum
{
  TEXT_PASSWORD,
  TEXT_UCS4,   /* as what prepares it has it */
  TEXT_BASE64, /* of the message of PLAIN */
  TEXT_INNER,  /* the pads of an HMAC with the password */
  TEXT_OUTER,
  N_TEXTS,
};

static MemoryText texts[N_TEXTS];
static char       shown[MEMORY_TEXT_MAX]; /* the password while it is needed */

static const char *
show_password (void)
{
  const MemoryText *password = &texts[TEXT_PASSWORD];

  for (gsize i = 0; i < password->length; i++)
    shown[i] = (char) (password->bytes[i] ^ MEMORY_MASK);
  shown[password->length] = '\0';
  return shown;
}

/* Changes the text. */
static void
hide (MemoryText *text, const char *name, char *value)
{
  gsize length = strlen (value);

  for (gsize i = 0; i < length; i++)
    value[i] = (char) (value[i] ^ MEMORY_MASK);
  memory_text_set (text, name, (const guint8 *) value, length);
}

static void
set_base64 (void)
{
  static char message[MEMORY_TEXT_MAX];
  int         length = snprintf (message, sizeof message, "%calice%c%s", 0, 0, show_password ());
  char       *text = g_base64_encode ((const guchar *) message, (gsize) length);

  /* From the first group that has a byte of the password and of nothing else. */
  hide (&texts[TEXT_BASE64], "base64", text + 12);
  explicit_bzero (text, strlen (text));
  explicit_bzero (message, sizeof message);
  explicit_bzero (shown, sizeof shown);
  g_free (text);
}

/* Out of the environment. */
static void
take_password (void)
{
  hide (&texts[TEXT_PASSWORD], "password", (char *) account_get ("IBB_TEST_ALICE_PASSWORD"));
  memory_text_set_as (&texts[TEXT_UCS4], "UCS-4", &texts[TEXT_PASSWORD], 4, 0);
  memory_text_set_as (&texts[TEXT_INNER], "inner pad", &texts[TEXT_PASSWORD], 1, 0x36);
  memory_text_set_as (&texts[TEXT_OUTER], "outer pad", &texts[TEXT_PASSWORD], 1, 0x5c);
  set_base64 ();
}

/* So many copies of the password, and nothing that tells it. The client's thread may be
 * about to free what it has. */
static void
assert_copies (const char *when, guint n)
{
  const MemoryText *password = &texts[TEXT_PASSWORD];
  const guint       wanted = n * (guint) (password->length / password->piece);
  guint             attempts = 50;

  g_test_message ("%s", when);
  do
    memory_search (texts, N_TEXTS);
  while (password->n_found > wanted && --attempts > 0);
  g_assert_cmpuint (password->n_found, ==, wanted);
  for (guint i = TEXT_PASSWORD + 1; i < N_TEXTS; i++)
    g_assert_cmpuint (texts[i].n_found, ==, 0);
}

static IBBClient *
create_client (void)
{
  g_autofree char *jid = account_dup_jid ("alice", NULL);
  IBBClient       *client = account_create_client_for (jid, show_password ());

  explicit_bzero (shown, sizeof shown);
  return client;
}

/* A password that the client was told is found where the client keeps it, and nowhere else:
 * before the login, after it, and after one more. */
static void
test_login (void)
{
  IBBClient *client = create_client ();

  assert_copies ("set", 1);
  for (guint i = 0; i < 2; i++)
    {
      assert_login (client);
      assert_copies ("logged in", 1);
      assert_succeeds (ibb_client_logout, client, NULL);
      assert_copies ("logged out", 1);
    }
  drop_client (client);
  assert_copies ("freed", 0);
}

/* An application that needs the password no more takes it back, and stays online. */
static void
test_taken_back (void)
{
  IBBClient *client = create_client ();

  assert_login (client);
  ibb_client_set_password (client, NULL);
  assert_copies ("taken back", 0);
  assert_succeeds (ibb_client_logout, client, NULL);
  drop_client (client);
  assert_copies ("freed", 0);
}

/* A login that is broken off leaves no more of it. */
static void
test_cancelled (void)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError)       error = NULL;
  IBBClient               *client = create_client ();

  g_cancellable_cancel (cancellable);
  g_assert_false (ibb_client_login (client, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  drop_client (client);
  assert_copies ("freed", 0);
}

/* The secret of a component: here it is not the one that the server knows. */
static void
test_component (void)
{
  IBBComponent      *component = ibb_component_new (account_get ("IBB_TEST_COMPONENT"));
  g_autoptr (GError) error = NULL;

  ibb_component_set_secret (component, show_password ());
  explicit_bzero (shown, sizeof shown);
  ibb_component_set_host (component, account_get ("IBB_TEST_HOST"));
  ibb_component_set_port (component, (guint) atoi (account_get ("IBB_TEST_COMPONENT_PORT")));
  g_assert_false (ibb_component_login (component, NULL, &error));
  g_assert_error (error, IBB_ERROR, IBB_ERROR_AUTHENTICATION);
  assert_copies ("refused", 1);
  drop_client (component);
  assert_copies ("freed", 0);
}

int
main (int argc, char **argv)
{
  take_password ();
  g_test_init (&argc, &argv, NULL);
  start_watchdog ();
  if (!memory_can_search ())
    {
      g_print ("1..0 # SKIP valgrind and sanitizers keep what is freed\n");
      return 0;
    }

  g_test_add_func ("/ibb/secrets/memory/login", test_login);
  g_test_add_func ("/ibb/secrets/memory/taken-back", test_taken_back);
  g_test_add_func ("/ibb/secrets/memory/cancelled", test_cancelled);
  g_test_add_func ("/ibb/secrets/memory/component", test_component);

  return g_test_run ();
}
