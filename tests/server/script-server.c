/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "script-server.h"

#include <string.h>

#include "../lib/certificate.h"
#include "../lib/script-reader.h"
#include "client-fixture.h"

static void
expect_text (ScriptServer *self, Words *words)
{
  fake_server_expect (self->server, words_take_rest (words));
}

/* "keep NAME END": from now on %NAME is what comes before END. */
static void
keep (ScriptServer *self, Words *words)
{
  char       *name = g_strdup (words_take (words));
  const char *text = words_take_rest (words);
  char       *taken = fake_server_take_until (self->server, text);

  taken[strlen (taken) - strlen (text)] = '\0';
  script_define (name, taken);
}

static void
send_text (ScriptServer *self, Words *words)
{
  fake_server_send (self->server, words_take_rest (words), -1);
}

/* "N BEFORE | PIECE | AFTER": with that many pieces */
static void
send_many (ScriptServer *self, Words *words)
{
  guint               n = words_take_number (words);
  g_autofree char    *text = g_strcompress (words_take_rest (words));
  g_auto (GStrv)      parts = g_strsplit (text, " | ", 3);
  g_autoptr (GString) all = g_string_new (parts[0]);

  for (guint i = 0; i < n; i++)
    g_string_append (all, parts[1]);
  g_string_append (all, parts[2]);
  fake_server_send (self->server, all->str, -1);
}

/* "\123" is that byte, but none is 0. */
static void
send_raw (ScriptServer *self, Words *words)
{
  g_autofree char *bytes = g_strcompress (words_take_rest (words));

  fake_server_send (self->server, bytes, -1);
}

static GString *
new_header (guint64 length)
{
  GString *header = g_string_new ("\x81");
  guint    n = length < 126 ? 0 : length <= G_MAXUINT16 ? 2 : 8;

  g_string_append_c (header, (char) (n == 0 ? length : n == 2 ? 126 : 127));
  for (guint i = 0; i < n; i++)
    g_string_append_c (header, (char) (length >> (8 * (n - 1 - i)) & 0xff));
  return header;
}

/* A message of a WebSocket, as <raw has it */
static void
send_frame (ScriptServer *self, Words *words)
{
  g_autofree char    *bytes = g_strcompress (words_take_rest (words));
  g_autoptr (GString) frame = new_header (strlen (bytes));

  g_string_append (frame, bytes);
  fake_server_send (self->server, frame->str, (gssize) frame->len);
}

/* The beginning of one that is announced to be so long. */
static void
announce_frame (ScriptServer *self, Words *words)
{
  g_autoptr (GString) header = new_header (g_ascii_strtoull (words_take (words), NULL, 10));

  fake_server_send (self->server, header->str, (gssize) header->len);
}

/* "<http STATUS HEADER | DOCUMENT" */
static void
send_document (ScriptServer *self, Words *words)
{
  const char      *status = words_take (words);
  g_auto (GStrv)   parts = g_strsplit (words_take_rest (words), " |", 2);
  const char      *document = g_strchug (parts[1]);
  g_autofree char *answer = g_strdup_printf ("HTTP/1.1 %s X\r\nContent-Length: %" G_GSIZE_FORMAT
                                             "\r\nConnection: close\r\n%s\r\n\r\n%s",
                                             status, strlen (document), parts[0], document);

  fake_server_send (self->server, answer, -1);
}

/* A chunk of a document of HTTP. */
static void
send_chunk (ScriptServer *self, Words *words)
{
  const char      *text = words_take_rest (words);
  g_autofree char *chunk =
      g_strdup_printf ("%" G_GSIZE_MODIFIER "x\r\n%s\r\n", strlen (text), text);

  fake_server_send (self->server, chunk, -1);
}

/* The client asks for the WebSocket; %KEY is the answer to its key. */
static void
take_request (ScriptServer *self, Words *words)
{
  g_autofree char      *key = NULL;
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA1);
  guint8                digest[20];
  gsize                 length = sizeof digest;

  fake_server_expect (self->server, "GET /ws?a=b HTTP/1.1\r\n");
  fake_server_expect (self->server, "Sec-WebSocket-Key: ");
  key = fake_server_take_until (self->server, "\r\n");
  g_checksum_update (checksum, (const guchar *) key, (gssize) strcspn (key, "\r"));
  g_checksum_update (checksum, (const guchar *) "258EAFA5-E914-47DA-95CA-C5AB0DC85B11", -1);
  g_checksum_get_digest (checksum, digest, &length);
  script_define (g_strdup ("KEY"), g_base64_encode (digest, length));
}

/* A question whose answer comes after all that the client had to read. */
static void
round_trip (ScriptServer *self, Words *words)
{
  g_autofree char *id = g_strdup_printf ("ping-%u", self->n_pings++);
  g_autofree char *ping = g_strdup_printf (
      "<iq type='get' id='%s' from='fake.test'><ping xmlns='urn:xmpp:ping'/></iq>", id);

  fake_server_send (self->server, ping, -1);
  fake_server_expect (self->server, id);
}

static void
hang_up (ScriptServer *self, Words *words)
{
  fake_server_close (self->server);
}

/* "paused on": the server reads nothing. */
static void
set_paused (ScriptServer *self, Words *words)
{
  fake_server_set_paused (self->server, words_take_switch (words));
}

/* From now on the server lets each client in, by PLAIN. */
static void
let_in (ScriptServer *self, Words *words)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->server->lock);

  self->server->lets_in = TRUE;
}

/* It does not answer the end of the XML stream. */
static void
set_deaf (ScriptServer *self, Words *words)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->server->lock);

  self->server->deaf = TRUE;
}

static guint
count_connections (ScriptServer *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->server->lock);

  return self->server->n_clients;
}

static void
wait_for_connection (ScriptServer *self, Words *words)
{
  guint n = words_take_number (words);

  while (count_connections (self) < n)
    wait_a_moment ();
}

static void
check_connections (ScriptServer *self, Words *words)
{
  g_assert_cmpuint (count_connections (self), ==, words_take_number (words));
}

/* "times N TEXT", "at-most N TEXT": at the end of the case the client has sent it so often. */
static void
add_count (ScriptServer *self, Words *words)
{
  g_ptr_array_add (self->counts, g_strdup (words_take_rest (words)));
}

static void
add_limit (ScriptServer *self, Words *words)
{
  g_ptr_array_add (self->counts, g_strconcat ("<", words_take_rest (words), NULL));
}

static void
add_never (ScriptServer *self, Words *words)
{
  g_ptr_array_add (self->counts, g_strconcat ("0 ", words_take_rest (words), NULL));
}

static void
check_count (const char *received, const char *count)
{
  char    *text;
  gboolean is_limit = count[0] == '<';
  guint    expected = (guint) g_ascii_strtoull (count + is_limit, &text, 10), n = 0;

  text++;
  for (const char *at = received; (at = strstr (at, text)) != NULL; at++)
    n++;
  if (is_limit ? n > expected : n != expected)
    g_error ("“%s” comes %u times, not %u, in “%s”", text, n, expected, received);
}

void
script_server_start (ScriptServer *self, const char *name)
{
  g_autoptr (GTlsCertificate) certificate = *name != '\0' ? load_certificate (name) : NULL;

  self->server = fake_server_new (certificate);
  script_define (g_strdup ("PORT"), g_strdup_printf ("%u", self->server->acceptor.port));
}

/* "certificate NAME [later]": that of the server for connections from now on, or after the next one
 */
static void
set_certificate (ScriptServer *self, Words *words)
{
  g_autoptr (GTlsCertificate) certificate = load_certificate (words_take (words));
  g_autoptr (GMutexLocker)    locker = g_mutex_locker_new (&self->server->lock);

  g_set_object (words_take_if (words, "later") ? &self->server->later : &self->server->certificate,
                certificate);
}

/* How often the client has shown its own. */
static void
check_shown (ScriptServer *self, Words *words)
{
  g_assert_cmpint (g_atomic_int_get (&self->server->n_certificates), ==, words_take_number (words));
}

/* "elsewhere [CERTIFICATE]": another server takes the place of the first one, ... */
static void
go_elsewhere (ScriptServer *self, Words *words)
{
  self->home = self->server;
  script_server_start (self, words_take_rest (words));
}

/* ... which the script may leave for the first one, and come back to, ... */
static void
change_server (ScriptServer *self, Words *words)
{
  FakeServer *other = self->home;

  self->home = self->server;
  self->server = other;
}

/* ... until it goes away. */
static void
end_elsewhere (ScriptServer *self, Words *words)
{
  fake_server_close (self->server);
  g_free (fake_server_free (self->server));
  self->server = g_steal_pointer (&self->home);
}

static const ScriptWord calls[] = {
  SCRIPT_WORD (">", expect_text),
  SCRIPT_WORD ("<", send_text),
  SCRIPT_WORD ("<chunk", send_chunk),
  SCRIPT_WORD ("<frame", send_frame),
  SCRIPT_WORD ("<http", send_document),
  SCRIPT_WORD ("<long", announce_frame),
  SCRIPT_WORD ("<many", send_many),
  SCRIPT_WORD ("<raw", send_raw),
  SCRIPT_WORD ("at-most", add_limit),
  SCRIPT_WORD ("certificate", set_certificate),
  SCRIPT_WORD ("change-server", change_server),
  SCRIPT_WORD ("connection", wait_for_connection),
  SCRIPT_WORD ("connections", check_connections),
  SCRIPT_WORD ("deaf", set_deaf),
  SCRIPT_WORD ("elsewhere", go_elsewhere),
  SCRIPT_WORD ("end-elsewhere", end_elsewhere),
  SCRIPT_WORD ("hang-up", hang_up),
  SCRIPT_WORD ("keep", keep),
  SCRIPT_WORD ("lets-in", let_in),
  SCRIPT_WORD ("never", add_never),
  SCRIPT_WORD ("paused", set_paused),
  SCRIPT_WORD ("round-trip", round_trip),
  SCRIPT_WORD ("shown", check_shown),
  SCRIPT_WORD ("times", add_count),
  SCRIPT_WORD ("upgrade", take_request),
};

gboolean
script_server_call (ScriptServer *self, const char *name, Words *words)
{
  return SCRIPT_CALL (calls, self, name, words);
}

ScriptServer *
script_server_new (void)
{
  ScriptServer *self = g_new0 (ScriptServer, 1);

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
