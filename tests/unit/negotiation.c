/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a login leaves in memory. What it makes of a server's answers stands in
 * tests/server/login.script. */

#include "config.h"

#include "xmpp/login/negotiation.h"

#include <string.h>

#include "../lib/memory.h"

#define FEATURES(inner)                                                                            \
  "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' "          \
  "version='1.0'><stream:features>" inner "</stream:features>"

/* What is expected and what is said then, in pairs. */
static const char *const steps[] = {
  "'>",
  FEATURES ("<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>PLAIN</mechanism>"
            "</mechanisms>"),
  "</auth>",
  "<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>",
  "'>",
  FEATURES ("<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/>"),
  "</iq>",
  "<iq type='result' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>"
  "<jid>user@d.test/r</jid></bind></iq>",
};

typedef struct
{
  IBBThread         *thread;
  IBBAccountSettings settings;
  MemoryText         secret; /* looked for when the login is done */
  int                n_done; /* atomic */
} Fixture;

static void
done_cb (IBBNegotiation       *negotiation,
         IBBNegotiationResult *result,
         const GError         *error,
         gpointer              owner)
{
  Fixture *self = owner;

  g_assert_no_error (error);
  memory_search (&self->secret, 1);
  ibb_xml_stream_drop (result->stream, NULL);
  ibb_negotiation_unref (negotiation);
  g_atomic_int_inc (&self->n_done);
}

static gboolean
start_cb (gpointer user_data)
{
  static const IBBNegotiationHandler handler = { .done = done_cb };
  Fixture                           *self = user_data;

  ibb_negotiation_new (self->thread, &self->settings, NULL, &handler, self);
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

/* A debugger may look at the memory as soon as the client is online. */
static void
test_password_cleared (void)
{
  Fixture                       self = { .thread = ibb_thread_new ("negotiation") };
  g_autoptr (GSocketListener)   listener = g_socket_listener_new ();
  g_autoptr (GSocketConnection) connection = NULL;
  guint8                        bytes[16];

  self.settings.port = g_socket_listener_add_any_inet_port (listener, NULL, NULL);
  self.settings.jid = g_strdup ("user@d.test");
  self.settings.host = g_strdup ("localhost");
  self.settings.tls_mode = IBB_TLS_MODE_NONE;
  self.settings.password_policy = IBB_PASSWORD_POLICY_READABLE;
  self.settings.password = g_malloc0 (sizeof bytes + 1);
  for (guint i = 0; i < sizeof bytes; i++)
    {
      bytes[i] = (guint8) g_test_rand_int_range ('a', 'z' + 1) ^ MEMORY_MASK;
      self.settings.password[i] = (char) (bytes[i] ^ MEMORY_MASK);
    }
  memory_text_set (&self.secret, "password", bytes, sizeof bytes);

  ibb_thread_invoke (self.thread, start_cb, &self, NULL);
  connection = g_socket_listener_accept (listener, NULL, NULL, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (steps); i += 2)
    {
      expect (g_io_stream_get_input_stream (G_IO_STREAM (connection)), steps[i]);
      g_assert_true (
          g_output_stream_write_all (g_io_stream_get_output_stream (G_IO_STREAM (connection)),
                                     steps[i + 1], strlen (steps[i + 1]), NULL, NULL, NULL));
    }
  while (g_atomic_int_get (&self.n_done) == 0)
    g_thread_yield ();
  g_assert_cmpuint (self.secret.n_found, ==, 0);
  ibb_thread_quit (self.thread, NULL, NULL);
  ibb_account_settings_clear (&self.settings);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  if (!memory_can_search ())
    {
      g_print ("1..0 # SKIP valgrind and sanitizers keep what is freed\n");
      return 0;
    }

  g_test_add_func ("/ibb/negotiation/password-cleared", test_password_cleared);
  return g_test_run ();
}
