/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A login, step by step, with a server that says what it is told to. What needs TLS or a
 * whole client stands in tests/server/client-*.c. */

#include "config.h"

#include "xmpp/login/negotiation.h"

#include <string.h>

#include "../lib/fake-clock.h"
#include "../lib/fast-timers.h"
#include "../lib/memory.h"
#include "ibb-error.h"

#define HEADER                                                                                     \
  "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' "          \
  "version='1.0'>"
#define FEATURES(inner) HEADER "<stream:features>" inner "</stream:features>"
#define PLAIN                                                                                      \
  "<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>PLAIN</mechanism></mechanisms>"
#define SUCCESS "<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>"
#define FAILURE "<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><not-authorized/></failure>"
#define BIND "<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/>"
#define MANAGEMENT "<sm xmlns='urn:xmpp:sm:3'/>"
#define LIMIT "<limits xmlns='urn:xmpp:stream-limits:0'><max-bytes>10000</max-bytes></limits>"
#define BOUND                                                                                      \
  "<iq type='result' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>"                    \
  "<jid>user@d.test/r</jid></bind></iq>"
#define STARTTLS "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls>"

#define SASL2(mechanism, inner)                                                                    \
  "<authentication xmlns='urn:xmpp:sasl:2'><mechanism>" mechanism "</mechanism>"                   \
  "<inline>" inner "</inline></authentication>"
#define BIND2 "<bind xmlns='urn:xmpp:bind:0'><inline><feature var='urn:xmpp:sm:3'/></inline></bind>"
#define SUCCESS2(inner) "<success xmlns='urn:xmpp:sasl:2'>" inner "</success>"
#define BOUND2(jid, inner)                                                                         \
  "<authorization-identifier>" jid "</authorization-identifier>"                                   \
  "<bound xmlns='urn:xmpp:bind:0'>" inner "</bound>"
#define NEXT_FEATURES(inner) "<stream:features>" inner "</stream:features>"
#define ENABLE "<enable xmlns='urn:xmpp:sm:3' resume='true'/>"
#define ENABLED "<enabled xmlns='urn:xmpp:sm:3' id='i' resume='true'/>"

typedef struct
{
  IBBThread       *thread;
  GSocketListener *listener;
  guint16          port;
  IBBNegotiation  *negotiation; /* (owned) until done_cb () or give_up_cb () */

  IBBAccountSettings settings;
  IBBResumption      resumption; /* its id is NULL: none */
  MemoryText         secret;     /* looked for when the login is done; length 0: not at all */

  /* what came of it */
  int      n_done; /* atomic */
  GError  *error;  /* (nullable) */
  char    *local_jid;
  guint    stanza_limit;
  gboolean can_manage;
  gboolean is_managed;
  guint32  resumed_h;
  gboolean was_refused;
  int      is_given_up; /* atomic */
} Fixture;

static void
set_up (Fixture *self, gconstpointer data)
{
  self->thread = ibb_thread_new ("negotiation");
  self->listener = g_socket_listener_new ();
  self->port = g_socket_listener_add_any_inet_port (self->listener, NULL, NULL);
  self->settings.jid = g_strdup ("user@d.test");
  self->settings.password = g_strdup ("pencil");
  self->settings.host = g_strdup ("localhost");
  self->settings.port = self->port;
  self->settings.tls_mode = IBB_TLS_MODE_NONE;
  self->settings.password_policy = IBB_PASSWORD_POLICY_READABLE;
}

static void
tear_down (Fixture *self, gconstpointer data)
{
  ibb_thread_quit (self->thread, NULL, NULL);
  g_object_unref (self->listener);
  ibb_account_settings_clear (&self->settings);
  g_clear_error (&self->error);
  g_free (self->local_jid);
}

static void
done_cb (IBBNegotiation       *negotiation,
         IBBNegotiationResult *result,
         const GError         *error,
         gpointer              owner)
{
  Fixture *self = owner;

  g_assert_true ((result == NULL) == (error != NULL));
  if (self->secret.length > 0)
    memory_search (&self->secret, 1);
  if (result != NULL)
    {
      self->local_jid = g_strdup (result->local_jid);
      self->stanza_limit = result->stanza_limit;
      self->can_manage = result->can_manage;
      self->is_managed = result->management != NULL;
      self->resumed_h = result->resumed_h;
      ibb_xml_stream_drop (result->stream, NULL);
    }
  else
    self->error = g_error_copy (error);
  self->was_refused = ibb_negotiation_was_refused (negotiation);
  ibb_negotiation_unref (negotiation);
  g_atomic_int_inc (&self->n_done);
}

static gboolean
start_cb (gpointer user_data)
{
  static const IBBNegotiationHandler handler = { .done = done_cb };
  Fixture                           *self = user_data;

  self->negotiation =
      ibb_negotiation_new (self->thread, &self->settings,
                           self->resumption.id != NULL ? &self->resumption : NULL, &handler, self);
  return G_SOURCE_REMOVE;
}

/* Reads until the end of what the client sends in one step. */
static void
expect (GInputStream *input, const char *end)
{
  g_autoptr (GString) text = g_string_new (NULL);
  char                c;

  while (!g_str_has_suffix (text->str, end))
    {
      g_assert_cmpint (g_input_stream_read (input, &c, 1, NULL, NULL), ==, 1);
      g_string_append_c (text, c);
    }
}

/* steps: what is expected and what is said then, in pairs; NULL: no connection comes. */
static void
run (Fixture *self, const char *const *steps)
{
  g_autoptr (GSocketConnection) connection = NULL;

  ibb_thread_invoke (self->thread, start_cb, self, NULL);
  if (steps != NULL)
    connection = g_socket_listener_accept (self->listener, NULL, NULL, NULL);
  for (; steps != NULL && *steps != NULL; steps += 2)
    {
      expect (g_io_stream_get_input_stream (G_IO_STREAM (connection)), steps[0]);
      g_assert_true (
          g_output_stream_write_all (g_io_stream_get_output_stream (G_IO_STREAM (connection)),
                                     steps[1], strlen (steps[1]), NULL, NULL, NULL));
    }
  while (g_atomic_int_get (&self->n_done) == 0)
    g_thread_yield ();
  g_assert_cmpint (self->n_done, ==, 1);
}

#define RUN(fixture, ...) run (fixture, (const char *const[]){ __VA_ARGS__, NULL })

static void
test_bound (Fixture *self, gconstpointer data)
{
  RUN (self, "'>", FEATURES (PLAIN), "</auth>", SUCCESS, "'>", FEATURES (BIND LIMIT MANAGEMENT),
       "</iq>", BOUND);
  g_assert_no_error (self->error);
  g_assert_cmpstr (self->local_jid, ==, "user@d.test/r");
  g_assert_cmpuint (self->stanza_limit, ==, 10000);
  g_assert_true (self->can_manage);
}

/* A debugger may look at the memory as soon as the client is online. */
static void
test_password_cleared (Fixture *self, gconstpointer data)
{
  guint8 bytes[16];

  g_free (self->settings.password);
  self->settings.password = g_malloc0 (sizeof bytes + 1);
  for (guint i = 0; i < sizeof bytes; i++)
    {
      bytes[i] = (guint8) g_test_rand_int_range ('a', 'z' + 1) ^ MEMORY_MASK;
      self->settings.password[i] = (char) (bytes[i] ^ MEMORY_MASK);
    }
  memory_text_set (&self->secret, "password", bytes, sizeof bytes);
  RUN (self, "'>", FEATURES (PLAIN), "</auth>", SUCCESS, "'>", FEATURES (BIND), "</iq>", BOUND);
  g_assert_no_error (self->error);
  g_assert_cmpuint (self->secret.n_found, ==, 0);
}

static void
test_wrong_password (Fixture *self, gconstpointer data)
{
  RUN (self, "'>", FEATURES (PLAIN), "</auth>", FAILURE);
  g_assert_error (self->error, IBB_ERROR, IBB_ERROR_AUTHENTICATION);
  g_assert_true (self->was_refused);
}

/* Bytes after <success/> in the same XML stream were inserted by somebody else: the login fails. */
static void
test_leftover (Fixture *self, gconstpointer data)
{
  RUN (self, "'>", FEATURES (PLAIN), "</auth>", SUCCESS "<message/>");
  g_assert_error (self->error, IBB_ERROR, IBB_ERROR_PROTOCOL);
  g_assert_false (self->was_refused);
}

static void
test_tls_required (Fixture *self, gconstpointer data)
{
  RUN (self, "'>", FEATURES (STARTTLS));
  g_assert_error (self->error, G_TLS_ERROR, G_TLS_ERROR_UNAVAILABLE);
}

static void
test_no_tls (Fixture *self, gconstpointer data)
{
  self->settings.tls_mode = IBB_TLS_MODE_STARTTLS;
  RUN (self, "'>", FEATURES (PLAIN));
  g_assert_error (self->error, G_TLS_ERROR, G_TLS_ERROR_UNAVAILABLE);
}

static void
test_resumed (Fixture *self, gconstpointer data)
{
  self->resumption.id = (char *) "i";
  self->resumption.h = 7;
  RUN (self, "'>", FEATURES (PLAIN), "</auth>", SUCCESS, "'>", FEATURES (BIND MANAGEMENT),
       "<resume xmlns='urn:xmpp:sm:3' h='7' previd='i'/>",
       "<resumed xmlns='urn:xmpp:sm:3' previd='i' h='3'/>");
  g_assert_no_error (self->error);
  g_assert_null (self->local_jid);
  g_assert_cmpuint (self->resumed_h, ==, 3);
}

/* Where the server has forgotten the XML stream, a second attempt to resume it is of no use. */
static void
test_not_resumed (Fixture *self, gconstpointer data)
{
  self->resumption.id = (char *) "i";
  RUN (self, "'>", FEATURES (PLAIN), "</auth>", SUCCESS, "'>", FEATURES (BIND MANAGEMENT),
       "previd='i'/>",
       "<failed xmlns='urn:xmpp:sm:3'>"
       "<item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></failed>");
  g_assert_error (self->error, IBB_ERROR, IBB_ERROR_ITEM_NOT_FOUND);
  g_assert_true (self->was_refused);
}

/* Of a server that names no reason nothing is made up. */
static void
test_no_reason (Fixture *self, gconstpointer data)
{
  RUN (self, "'>", FEATURES (PLAIN), "</auth>",
       "<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>");
  g_assert_error (self->error, IBB_ERROR, IBB_ERROR_AUTHENTICATION);
  g_assert_true (g_str_has_suffix (self->error->message, "log in: it does not say why"));
}

/* SASL2: one message, and its answer, are the whole login. */
static void
test_bind2 (Fixture *self, gconstpointer data)
{
  self->settings.resumable = TRUE;
  RUN (self,
       " from='user@d.test' to='d.test' version='1.0' xmlns='jabber:client' "
       "xmlns:stream='http://etherx.jabber.org/streams'>",
       FEATURES (PLAIN SASL2 ("PLAIN", BIND2)),
       "<authenticate xmlns='urn:xmpp:sasl:2' mechanism='PLAIN'>"
       "<initial-response>AHVzZXIAcGVuY2ls</initial-response>"
       "<bind xmlns='urn:xmpp:bind:0'>" ENABLE "</bind></authenticate>",
       SUCCESS2 (BOUND2 ("user@d.test/r", ENABLED)) NEXT_FEATURES (BIND LIMIT MANAGEMENT));
  g_assert_no_error (self->error);
  g_assert_cmpstr (self->local_jid, ==, "user@d.test/r");
  g_assert_cmpuint (self->stanza_limit, ==, 10000);
  g_assert_true (self->is_managed);
}

/* The server does not acknowledge, and is not asked again. */
static void
test_bind2_unmanaged (Fixture *self, gconstpointer data)
{
  self->settings.resumable = TRUE;
  RUN (self, "'>", FEATURES (SASL2 ("PLAIN", BIND2)), ENABLE "</bind></authenticate>",
       SUCCESS2 (BOUND2 ("user@d.test/r", "<failed xmlns='urn:xmpp:sm:3'/>"))
           NEXT_FEATURES (BIND MANAGEMENT));
  g_assert_no_error (self->error);
  g_assert_false (self->is_managed);
  g_assert_false (self->can_manage);
}

/* A resource that the account names is asked for in the old way, on the same stream; so is one
 * that the server should have chosen and has not. */
static void
test_sasl2_and_bind (Fixture *self, gconstpointer resource)
{
  const char *jid = resource;

  if (jid != NULL)
    {
      g_free (self->settings.jid);
      self->settings.jid = g_strdup (jid);
    }
  RUN (self, "'>", FEATURES (SASL2 ("PLAIN", BIND2)),
       jid != NULL ? "</initial-response></authenticate>" : "</bind></authenticate>",
       SUCCESS2 ("<authorization-identifier>user@d.test</authorization-identifier>")
           NEXT_FEATURES (BIND MANAGEMENT),
       jid != NULL ? "<resource>r</resource></bind></iq>" : "'></bind></iq>", BOUND);
  g_assert_no_error (self->error);
  g_assert_cmpstr (self->local_jid, ==, "user@d.test/r");
  g_assert_true (self->can_manage);
}

/* SASL2 without a mechanism that can be used here does not stand in the way. */
static void
test_sasl2_unusable (Fixture *self, gconstpointer data)
{
  RUN (self, "'>", FEATURES (SASL2 ("X", BIND2) PLAIN), "</auth>", SUCCESS, "'>", FEATURES (BIND),
       "</iq>", BOUND);
  g_assert_no_error (self->error);
}

/* The client does not use SASL2 if its mechanisms are weaker. */
static void
test_sasl2_weaker (Fixture *self, gconstpointer data)
{
  RUN (self, "'>",
       FEATURES (SASL2 (
           "PLAIN",
           BIND2) "<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>"
                  "<mechanism>PLAIN</mechanism><mechanism>SCRAM-SHA-1</mechanism></mechanisms>"),
       "</auth>", FAILURE);
  g_assert_error (self->error, IBB_ERROR, IBB_ERROR_AUTHENTICATION);
}

static void
test_sasl2_resumed (Fixture *self, gconstpointer data)
{
  self->resumption.id = (char *) "i";
  self->resumption.h = 7;
  RUN (self, "'>", FEATURES (SASL2 ("PLAIN", BIND2 MANAGEMENT)),
       "<resume xmlns='urn:xmpp:sm:3' h='7' previd='i'/></authenticate>",
       SUCCESS2 ("<resumed xmlns='urn:xmpp:sm:3' previd='i' h='3'/>") "<message/>");
  g_assert_no_error (self->error);
  g_assert_cmpuint (self->resumed_h, ==, 3);
}

/* The resumption follows the login if it was not offered along with it. */
static void
test_sasl2_resumed_later (Fixture *self, gconstpointer data)
{
  self->resumption.id = (char *) "i";
  self->resumption.h = 7;
  RUN (self, "'>", FEATURES (SASL2 ("PLAIN", BIND2)), "</initial-response></authenticate>",
       SUCCESS2 ("") NEXT_FEATURES (BIND MANAGEMENT),
       "<resume xmlns='urn:xmpp:sm:3' h='7' previd='i'/>",
       "<resumed xmlns='urn:xmpp:sm:3' previd='i' h='3'/>");
  g_assert_no_error (self->error);
  g_assert_cmpuint (self->resumed_h, ==, 3);
}

static void
test_sasl2_not_resumed (Fixture *self, gconstpointer answer)
{
  const char *text = answer;
  int code = strstr (text, "failed") != NULL ? IBB_ERROR_ITEM_NOT_FOUND : IBB_ERROR_PROTOCOL;

  self->resumption.id = (char *) "i";
  RUN (self, "'>", FEATURES (SASL2 ("PLAIN", BIND2 MANAGEMENT)), "</authenticate>", text);
  g_assert_error (self->error, IBB_ERROR, code);
  g_assert_true (self->was_refused);
}

typedef struct
{
  const char *mechanism;
  const char *answer;
  int         code;
  gboolean    is_final;
  const char *end; /* (nullable) of the message */
} Refusal;

static const Refusal refusals[] = {
  /* Success without a proof, and with one where it does not belong. */
  { "SCRAM-SHA-1", SUCCESS2 (BOUND2 ("user@d.test/r", "")), IBB_ERROR_AUTHENTICATION },
  { "SCRAM-SHA-1", SUCCESS2 ("dj1BQUFB"), IBB_ERROR_AUTHENTICATION },
  { "SCRAM-SHA-1", SUCCESS2 ("<additional-data>dj1BQUFB</additional-data>"),
    IBB_ERROR_AUTHENTICATION },
  { "SCRAM-SHA-1", SUCCESS, IBB_ERROR_AUTHENTICATION, TRUE },
  { "PLAIN", "<continue xmlns='urn:xmpp:sasl:2'><tasks><task>X</task></tasks></continue>",
    IBB_ERROR_AUTHENTICATION, TRUE, "not supported here" },
  { "PLAIN",
    "<continue xmlns='urn:xmpp:sasl:2'><tasks><task>X</task></tasks><text>Code?</text></continue>",
    IBB_ERROR_AUTHENTICATION, TRUE, "not supported here; the server says “Code?”" },
  { "PLAIN",
    "<failure xmlns='urn:xmpp:sasl:2'>"
    "<not-authorized xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/><text>No.</text></failure>",
    IBB_ERROR_AUTHENTICATION, TRUE, "of “user@d.test”; the server says “No.”" },
  { "PLAIN",
    "<failure xmlns='urn:xmpp:sasl:2'>"
    "<temporary-auth-failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/></failure>",
    IBB_ERROR_INTERNAL_SERVER_ERROR },
  { "PLAIN", SUCCESS2 (BOUND2 ("user@d.test", "")), IBB_ERROR_PROTOCOL },
  { "PLAIN", SUCCESS2 (BOUND2 ("user@d.test/r", "")) "<message/>", IBB_ERROR_PROTOCOL },
  { "PLAIN", "<message/>", IBB_ERROR_PROTOCOL },
  { "PLAIN", SUCCESS2 ("") NEXT_FEATURES (""), IBB_ERROR_PROTOCOL },
};

static void
test_sasl2_refused (Fixture *self, gconstpointer data)
{
  const Refusal   *refusal = data;
  g_autofree char *features = g_strdup_printf (FEATURES (SASL2 ("%s", BIND2)), refusal->mechanism);

  RUN (self, "'>", features, "</authenticate>", refusal->answer);
  g_test_message ("%s", self->error->message);
  g_assert_error (self->error, IBB_ERROR, refusal->code);
  g_assert_true (self->was_refused == refusal->is_final);
  g_assert_true (refusal->end == NULL || g_str_has_suffix (self->error->message, refusal->end));
}

static void
assert_late (Fixture *self, const char *words)
{
  g_assert_error (self->error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  if (strstr (self->error->message, words) == NULL)
    g_error ("“%s” was expected in “%s”", words, self->error->message);
  g_assert_false (self->was_refused);
}

/* The others are in tests/server/client-fake-login.c. */
static void
test_silent_resumption (Fixture *self, gconstpointer data)
{
  fast_timers_start (15000, 15000, 3); /* the steps before have their time */
  self->resumption.id = (char *) "i";
  RUN (self, "'>", FEATURES (PLAIN), "</auth>", SUCCESS, "'>", FEATURES (BIND MANAGEMENT),
       "previd='i'/>", " ");
  fast_timers_stop ();
  assert_late (self, "the resumption of the connection within 15 s");
}

/* Each answer comes in time, but all of them together do not. */
static void
test_late (Fixture *self, gconstpointer data)
{
  g_autoptr (GSocketConnection) connection = NULL;
  GInputStream                 *input;
  GOutputStream                *output;

  fake_clock_stop ();
  ibb_thread_invoke (self->thread, start_cb, self, NULL);
  connection = g_socket_listener_accept (self->listener, NULL, NULL, NULL);
  input = g_io_stream_get_input_stream (G_IO_STREAM (connection));
  output = g_io_stream_get_output_stream (G_IO_STREAM (connection));
  expect (input, "'>");
  fake_clock_advance (14900 * G_TIME_SPAN_MILLISECOND);
  g_output_stream_write_all (output, FEATURES (PLAIN), strlen (FEATURES (PLAIN)), NULL, NULL, NULL);
  expect (input, "</auth>");
  fake_clock_advance (14900 * G_TIME_SPAN_MILLISECOND);
  g_output_stream_write_all (output, SUCCESS, strlen (SUCCESS), NULL, NULL, NULL);
  expect (input, "'>");
  while (g_atomic_int_get (&self->n_done) == 0)
    g_thread_yield ();
  fake_clock_start ();
  assert_late (self, "the opening of the XML stream within 1 s");
}

static void
test_address (Fixture *self, gconstpointer jid)
{
  g_free (self->settings.jid);
  self->settings.jid = g_strdup (jid);
  run (self, NULL);
  g_assert_error (self->error, IBB_ERROR, IBB_ERROR_JID_MALFORMED);
}

static void
test_refused_connection (Fixture *self, gconstpointer data)
{
  g_socket_listener_close (self->listener);
  run (self, NULL);
  g_assert_error (self->error, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED);
  g_assert_false (self->was_refused);
}

static gboolean
give_up_cb (gpointer user_data)
{
  Fixture *self = user_data;

  ibb_negotiation_give_up (self->negotiation);
  g_atomic_int_set (&self->is_given_up, TRUE);
  return G_SOURCE_REMOVE;
}

static void
test_given_up (Fixture *self, gconstpointer data)
{
  g_autoptr (GSocketConnection) connection = NULL;
  GInputStream                 *input;

  ibb_thread_invoke (self->thread, start_cb, self, NULL);
  connection = g_socket_listener_accept (self->listener, NULL, NULL, NULL);
  input = g_io_stream_get_input_stream (G_IO_STREAM (connection));
  expect (input, "'>");
  ibb_thread_invoke (self->thread, give_up_cb, self, NULL);
  expect (input, "</stream:stream>");
  while (!g_atomic_int_get (&self->is_given_up))
    g_thread_yield ();
  g_assert_cmpint (self->n_done, ==, 0);
}

#define ADD(path, data, test)                                                                      \
  g_test_add ("/ibb/negotiation/" path, Fixture, data, set_up, test, tear_down)

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  ADD ("bound", NULL, test_bound);
  if (memory_can_search ())
    ADD ("password-cleared", NULL, test_password_cleared);
  ADD ("wrong-password", NULL, test_wrong_password);
  ADD ("leftover", NULL, test_leftover);
  ADD ("tls-required", NULL, test_tls_required);
  ADD ("no-tls", NULL, test_no_tls);
  ADD ("resumed", NULL, test_resumed);
  ADD ("not-resumed", NULL, test_not_resumed);
  ADD ("no-reason", NULL, test_no_reason);
  ADD ("bind2", NULL, test_bind2);
  ADD ("bind2/unmanaged", NULL, test_bind2_unmanaged);
  ADD ("sasl2/resource", "user@d.test/r", test_sasl2_and_bind);
  ADD ("sasl2/not-bound", NULL, test_sasl2_and_bind);
  ADD ("sasl2/unusable", NULL, test_sasl2_unusable);
  ADD ("sasl2/weaker", NULL, test_sasl2_weaker);
  ADD ("sasl2/resumed", NULL, test_sasl2_resumed);
  ADD ("sasl2/resumed-later", NULL, test_sasl2_resumed_later);
  ADD ("sasl2/not-resumed",
       SUCCESS2 ("<failed xmlns='urn:xmpp:sm:3'>"
                 "<item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></failed>"),
       test_sasl2_not_resumed);
  ADD ("sasl2/resumed-another", SUCCESS2 ("<resumed xmlns='urn:xmpp:sm:3' previd='j' h='3'/>"),
       test_sasl2_not_resumed);
  for (gsize i = 0; i < G_N_ELEMENTS (refusals); i++)
    {
      g_autofree char *path = g_strdup_printf ("/ibb/negotiation/sasl2/refused/%zu", i);

      g_test_add (path, Fixture, &refusals[i], set_up, test_sasl2_refused, tear_down);
    }
  ADD ("silent-resumption", NULL, test_silent_resumption);
  ADD ("late", NULL, test_late);
  ADD ("address/none", "", test_address);
  ADD ("address/malformed", "a@b@c", test_address);
  ADD ("address/server", "d.test", test_address); /* a password without a name */
  ADD ("connection-refused", NULL, test_refused_connection);
  ADD ("given-up", NULL, test_given_up);

  return g_test_run ();
}
