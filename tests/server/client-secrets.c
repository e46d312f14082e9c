/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a login leaves of the password, and of a token, in the memory of the process, and in the
 * log. The real server has a process of its own: see tests/lib/prosody.py for IBB_TEST_*. */

#include "config.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

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

  /* Begins with the first group that has a byte of the password and of nothing else. */
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

/* Memory has so many copies of the password, and nothing from which it could be computed. The
 * client's thread may be about to free what it has. */
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

static IBBXmppClient *
create_client (void)
{
  g_autofree char *jid = account_dup_jid ("alice", NULL);
  IBBXmppClient   *client = account_create_client_for (jid, show_password ());

  explicit_bzero (shown, sizeof shown);
  return client;
}

/* A password that the client was told is found where the client keeps it, and nowhere else:
 * before the login, after it, and after one more. */
static void
test_login (void)
{
  IBBXmppClient *client = create_client ();

  assert_copies ("set", 1);
  for (guint i = 0; i < 2; i++)
    {
      assert_login (client);
      assert_copies ("logged in", 1);
      assert_succeeds (ibb_xmpp_client_logout, client, NULL);
      assert_copies ("logged out", 1);
    }
  drop_client (client);
  assert_copies ("freed", 0);
}

/* An application that needs the password no more takes it back, and stays online. */
static void
test_taken_back (void)
{
  IBBXmppClient *client = create_client ();

  assert_login (client);
  ibb_xmpp_client_set_password (client, NULL);
  assert_copies ("taken back", 0);
  assert_succeeds (ibb_xmpp_client_logout, client, NULL);
  drop_client (client);
  assert_copies ("freed", 0);
}

/* A login that is broken off leaves no more of it. */
static void
test_cancelled (void)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  IBBXmppClient           *client = create_client ();

  g_cancellable_cancel (cancellable);
  assert_fails (G_IO_ERROR, G_IO_ERROR_CANCELLED, ibb_xmpp_client_login, client, cancellable);
  drop_client (client);
  assert_copies ("freed", 0);
}

/* The secret of a component: here it is not the one that the server knows. */
static void
test_component (void)
{
  IBBXmppComponent *component = ibb_xmpp_component_new (account_get ("IBB_TEST_COMPONENT"));

  ibb_xmpp_component_set_secret (component, show_password ());
  explicit_bzero (shown, sizeof shown);
  ibb_xmpp_entity_set_host (IBB_XMPP_ENTITY (component), account_get ("IBB_TEST_HOST"));
  ibb_xmpp_entity_set_port (IBB_XMPP_ENTITY (component),
                            (guint) atoi (account_get ("IBB_TEST_COMPONENT_PORT")));
  assert_fails (IBB_ERROR, IBB_ERROR_AUTHENTICATION, ibb_xmpp_component_login, component, NULL);
  assert_copies ("refused", 1);
  drop_client (component);
  assert_copies ("freed", 0);
}

/* Tokens, from a server that issues them. */

#define AGENT "d4565fa7-4d72-4749-b3d3-740edbf87770"

enum
{
  TOKEN_SECRET,
  TOKEN_INNER,
  TOKEN_OUTER,
  N_TOKEN_TEXTS,
};

/* What each token of Prosody begins with. */
#define TOKEN_START "secret-token:fast-"

static MemoryText token_texts[N_TOKEN_TEXTS]; /* without that */
static char       token_mechanism[64];        /* empty: the server issues none */

/* Changes the text. */
static void
hide_token (char *secret)
{
  g_assert_true (g_str_has_prefix (secret, TOKEN_START));
  hide (&token_texts[TOKEN_SECRET], "token", secret + strlen (TOKEN_START));
  memory_text_set_as (&token_texts[TOKEN_INNER], "inner pad", &token_texts[TOKEN_SECRET], 1, 0x36);
  memory_text_set_as (&token_texts[TOKEN_OUTER], "outer pad", &token_texts[TOKEN_SECRET], 1, 0x5c);
}

/* Runs in a process of its own, which sends the token by the pipe. */
static void
fetch_token (int pipe)
{
  IBBXmppClient *client = create_client ();
  IBBXmppToken  *token;

  ibb_xmpp_client_set_user_agent_id (client, AGENT);
  assert_login (client);
  token = ibb_xmpp_client_dup_token (client);
  if (token != NULL)
    {
      const char *parts[] = { ibb_xmpp_token_get_mechanism (token),
                              ibb_xmpp_token_get_secret (token) };

      for (gsize i = 0; i < G_N_ELEMENTS (parts); i++)
        g_assert_cmpint (write (pipe, parts[i], strlen (parts[i]) + 1), >, 0);
    }
  _exit (0);
}

/* A token that passes through this process on the way to the test would be found in its memory. */
static void
take_token (void)
{
  static char text[sizeof token_mechanism + MEMORY_TEXT_MAX];
  int         ends[2];
  int         status;
  gsize       length = 0;
  gssize      n;
  pid_t       child;

  g_assert_cmpint (pipe (ends), ==, 0);
  child = fork ();
  g_assert_cmpint (child, >=, 0);
  if (child == 0)
    fetch_token (ends[1]);
  close (ends[1]);
  while ((n = read (ends[0], text + length, sizeof text - 1 - length)) > 0)
    length += (gsize) n;
  close (ends[0]);
  g_assert_cmpint (waitpid (child, &status, 0), ==, child);
  g_assert_cmpint (status, ==, 0);
  if (length == 0)
    return;
  g_strlcpy (token_mechanism, text, sizeof token_mechanism);
  hide_token (text + strlen (text) + 1);
  explicit_bzero (text, sizeof text);
}

/* Memory has so many copies of the token, and n_more at most that others have freed as they
 * were. */
static void
assert_token_copies (const char *when, guint n, guint n_more)
{
  const MemoryText *secret = &token_texts[TOKEN_SECRET];
  const guint       n_pieces = (guint) (secret->length / secret->piece);
  guint             attempts = 50;

  g_test_message ("%s", when);
  do
    memory_search (token_texts, N_TOKEN_TEXTS);
  while (secret->n_found > (n + n_more) * n_pieces && --attempts > 0);
  g_assert_cmpuint (secret->n_found, >=, n * n_pieces);
  g_assert_cmpuint (secret->n_found, <=, (n + n_more) * n_pieces);
  for (guint i = TOKEN_SECRET + 1; i < N_TOKEN_TEXTS; i++)
    g_assert_cmpuint (token_texts[i].n_found, ==, 0);
}

static IBBXmppToken *
create_token (void)
{
  static char       text[MEMORY_TEXT_MAX];
  const MemoryText *secret = &token_texts[TOKEN_SECRET];
  char             *end = g_stpcpy (text, TOKEN_START);
  IBBXmppToken     *token;

  for (gsize i = 0; i < secret->length; i++)
    end[i] = (char) (secret->bytes[i] ^ MEMORY_MASK);
  token = ibb_xmpp_token_new (text, token_mechanism, NULL);
  explicit_bzero (text, sizeof text);
  return token;
}

static IBBXmppClient *
create_token_client (void)
{
  IBBXmppClient *client = create_client ();

  ibb_xmpp_client_set_user_agent_id (client, AGENT);
  return client;
}

/* A token from the application is only where the client keeps it, until the server replaces it. */
static void
test_token_login (void)
{
  IBBXmppClient *client = create_token_client ();
  IBBXmppToken  *token = create_token ();

  ibb_xmpp_client_set_password (client, NULL);
  ibb_xmpp_client_set_token (client, token);
  ibb_xmpp_token_unref (token);
  assert_token_copies ("set", 1, 0);
  assert_login (client);
  assert_token_copies ("logged in", 0, 0);
  assert_succeeds (ibb_xmpp_client_logout, client, NULL);
  drop_client (client);
  assert_token_copies ("freed", 0, 0);
}

/* A token from the server is only where the client keeps it, and in the record that GnuTLS frees as
 * it is. */
static void
test_token_issued (gconstpointer data)
{
  const gboolean overwrites = GPOINTER_TO_INT (data); /* what is freed */
  const guint    n_freed = overwrites ? 0 : 1;
  static char    text[MEMORY_TEXT_MAX];
  IBBXmppClient *client = create_token_client ();
  IBBXmppToken  *token;

  mallopt (M_PERTURB, overwrites ? 0x55 : 0);
  assert_login (client);
  token = ibb_xmpp_client_dup_token (client);
  g_assert_nonnull (token);
  g_strlcpy (text, ibb_xmpp_token_get_secret (token), sizeof text);
  ibb_xmpp_token_unref (token);
  hide_token (text);
  assert_token_copies ("issued", 1, n_freed);
  assert_succeeds (ibb_xmpp_client_logout, client, NULL);
  assert_token_copies ("logged out", 1, n_freed);
  drop_client (client);
  assert_token_copies ("freed", 0, n_freed);
}

/* What is logged. */

static int n_logins; /* atomic: that a message spoke of */

static void
check_message (const char *message, gsize length)
{
  const struct
  {
    const MemoryText *texts;
    guint             n;
  } all[] = { { texts, N_TEXTS }, { token_texts, N_TOKEN_TEXTS } };

  for (gsize i = 0; i < G_N_ELEMENTS (all); i++)
    for (guint k = 0; k < all[i].n; k++)
      if (all[i].texts[k].length > 0 && memory_text_is_in (&all[i].texts[k], message, length))
        {
          fprintf (stderr, "“%s” has the %s\n", message, all[i].texts[k].name);
          abort (); /* g_error () would log it, too */
        }
}

static GLogWriterOutput
log_cb (GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer user_data)
{
  for (gsize i = 0; i < n_fields; i++)
    {
      const char *value = fields[i].value;

      check_message (value, fields[i].length < 0 ? strlen (value) : (gsize) fields[i].length);
      if (g_str_equal (fields[i].key, "MESSAGE") && g_str_has_prefix (value, "Logging in to "))
        g_atomic_int_inc (&n_logins);
    }
  return g_log_writer_default (level, fields, n_fields, user_data);
}

/* log_cb () has looked at what the cases before have logged, and looks at those of tokens. */
static void
test_log (void)
{
  g_assert_cmpint (g_atomic_int_get (&n_logins), >=, 3);
}

int
main (int argc, char **argv)
{
  g_setenv ("G_MESSAGES_DEBUG", "all", TRUE);
  g_log_writer_default_set_use_stderr (TRUE); /* standard output is for TAP */
  take_password ();
  take_token ();
  g_log_set_writer_func (log_cb, NULL, NULL);
  g_test_init (&argc, &argv, NULL);
  /* The handler of g_test_init () passes nothing on to log_cb () since GLib 2.84. */
  g_log_set_default_handler (g_log_default_handler, NULL);
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
  g_test_add_func ("/ibb/secrets/memory/logged", test_log);
  if (token_mechanism[0] != '\0')
    {
      g_test_add_func ("/ibb/secrets/memory/token/login", test_token_login);
      g_test_add_data_func ("/ibb/secrets/memory/token/issued", GINT_TO_POINTER (FALSE),
                            test_token_issued);
      g_test_add_data_func ("/ibb/secrets/memory/token/kept", GINT_TO_POINTER (TRUE),
                            test_token_issued);
    }

  return g_test_run ();
}
