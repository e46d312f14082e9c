/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "script-server.h"

#include <string.h>

#include "../lib/certificate.h"
#include "../lib/script-file.h"

static const FakeStep nothing[] = { { NULL } };

static void
expect_text (ScriptServer *self, const char *text)
{
  fake_server_expect (self->server, text);
}

/* "keep NAME END": from now on %NAME is what comes before END. */
static void
keep (ScriptServer *self, const char *text)
{
  char *name = script_take_word (&text);
  char *taken = fake_server_take_until (self->server, text);

  taken[strlen (taken) - strlen (text)] = '\0';
  g_hash_table_replace (self->definitions, name, taken);
}

static void
send_text (ScriptServer *self, const char *text)
{
  fake_server_send (self->server, text, -1);
}

/* "N BEFORE | PIECE | AFTER": with that many pieces */
static void
send_many (ScriptServer *self, const char *text)
{
  guint               n = script_take_number (&text);
  g_auto (GStrv)      parts = g_strsplit (text, " | ", 3);
  g_autoptr (GString) all = g_string_new (parts[0]);

  for (guint i = 0; i < n; i++)
    g_string_append (all, parts[1]);
  g_string_append (all, parts[2]);
  fake_server_send (self->server, all->str, -1);
}

/* A question whose answer comes after all that the client had to read. */
static void
round_trip (ScriptServer *self, const char *text)
{
  g_autofree char *id = g_strdup_printf ("ping-%u", self->n_pings++);
  g_autofree char *ping = g_strdup_printf (
      "<iq type='get' id='%s' from='fake.test'><ping xmlns='urn:xmpp:ping'/></iq>", id);

  fake_server_send (self->server, ping, -1);
  fake_server_expect (self->server, id);
}

static void
hang_up (ScriptServer *self, const char *text)
{
  fake_server_close (self->server);
}

static void
wait_for_connection (ScriptServer *self, const char *text)
{
  fake_server_wait_for_clients (self->server, script_take_number (&text));
}

static void
check_connections (ScriptServer *self, const char *text)
{
  g_assert_cmpuint (fake_server_get_n_clients (self->server), ==, script_take_number (&text));
}

/* "times N TEXT": at the end of the case the client has sent it so often. */
static void
add_count (ScriptServer *self, const char *text)
{
  g_ptr_array_add (self->counts, g_strdup (text));
}

static void
add_never (ScriptServer *self, const char *text)
{
  g_ptr_array_add (self->counts, g_strconcat ("0 ", text, NULL));
}

static void
check_count (const char *received, const char *count)
{
  const char *text = count;
  guint       expected = script_take_number (&text), n = 0;

  for (const char *at = received; (at = strstr (at, text)) != NULL; at++)
    n++;
  if (n != expected)
    g_error ("“%s” comes %u times, not %u, in “%s”", text, n, expected, received);
}

void
script_server_start (ScriptServer *self, const char *name)
{
  g_autoptr (GTlsCertificate) certificate = *name != '\0' ? load_certificate (name) : NULL;

  self->server = fake_server_new_tls (nothing, certificate);
  g_hash_table_replace (self->definitions, g_strdup ("PORT"),
                        g_strdup_printf ("%u", fake_server_get_port (self->server)));
}

/* "certificate NAME": that of the server for connections from now on */
static void
set_certificate (ScriptServer *self, const char *name)
{
  g_autoptr (GTlsCertificate) certificate = load_certificate (name);

  fake_server_set_certificate (self->server, certificate, FALSE);
}

/* The same for connections after the next one. */
static void
set_later_certificate (ScriptServer *self, const char *name)
{
  g_autoptr (GTlsCertificate) certificate = load_certificate (name);

  fake_server_set_certificate (self->server, certificate, TRUE);
}

/* How often the client has shown its own. */
static void
check_shown (ScriptServer *self, const char *text)
{
  g_assert_cmpuint (fake_server_get_n_certificates (self->server), ==, script_take_number (&text));
}

/* "elsewhere [CERTIFICATE]": another server takes the place of the first one, ... */
static void
go_elsewhere (ScriptServer *self, const char *text)
{
  self->home = self->server;
  script_server_start (self, text);
}

/* ... which the script may leave for the first one, and come back to, ... */
static void
change_server (ScriptServer *self, const char *text)
{
  FakeServer *other = self->home;

  self->home = self->server;
  self->server = other;
}

/* ... until it goes away. */
static void
end_elsewhere (ScriptServer *self, const char *text)
{
  fake_server_close (self->server);
  g_free (fake_server_free (self->server));
  self->server = g_steal_pointer (&self->home);
}

static const struct
{
  const char *name;
  void (*call) (ScriptServer *self, const char *text);
} calls[] = {
  { ">", expect_text },
  { "<", send_text },
  { "<many", send_many },
  { "certificate", set_certificate },
  { "change-server", change_server },
  { "connection", wait_for_connection },
  { "connections", check_connections },
  { "elsewhere", go_elsewhere },
  { "end-elsewhere", end_elsewhere },
  { "hang-up", hang_up },
  { "keep", keep },
  { "later-certificate", set_later_certificate },
  { "never", add_never },
  { "round-trip", round_trip },
  { "shown", check_shown },
  { "times", add_count },
};

gboolean
script_server_call (ScriptServer *self, const char *name, const char *text)
{
  for (guint i = 0; i < G_N_ELEMENTS (calls); i++)
    if (g_str_equal (name, calls[i].name))
      {
        calls[i].call (self, text);
        return TRUE;
      }
  return FALSE;
}

ScriptServer *
script_server_new (GHashTable *definitions)
{
  ScriptServer *self = g_new0 (ScriptServer, 1);

  self->definitions = definitions;
  self->counts = g_ptr_array_new_with_free_func (g_free);
  script_server_start (self, "");
  return self;
}

void
script_server_free (ScriptServer *self)
{
  g_autofree char *received = NULL;

  if (self->home != NULL)
    g_free (fake_server_free (self->home));
  received = fake_server_free (self->server);
  for (guint i = 0; i < self->counts->len; i++)
    check_count (received, self->counts->pdata[i]);
  g_ptr_array_unref (self->counts);
  g_free (self);
}
