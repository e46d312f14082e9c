/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "fake-server.h"

#include "client-fixture.h"

#include <string.h>

/* How each side ends the XML stream over WebSocket. */
#define CLOSE_FRAME "\x81\x34<close xmlns='urn:ietf:params:xml:ns:xmpp-framing'/>"

#define FEATURES(inner)                                                                            \
  "<?xml version='1.0'?><stream:stream xmlns='jabber:client' "                                     \
  "xmlns:stream='http://etherx.jabber.org/streams' from='fake.test' id='1' version='1.0'>"         \
  "<stream:features>" inner "</stream:features>"
#define BIND "<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'"

/* What the server says after what the client has said. */
static const char *const login[][2] = {
  { "<stream:stream", FEATURES ("<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>"
                                "<mechanism>PLAIN</mechanism></mechanisms>") },
  { "</auth>", "<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>" },
  { "<stream:stream", FEATURES (BIND "/>") },
  { "</iq>", "<iq type='result' id='bind'>" BIND "><jid>user@fake.test/r</jid></bind></iq>" },
  { "</presence>", "" },
};

/* The channel of a server that speaks TLS, in its thread. */
static __thread GTlsConnection *current_tls;

static void
send_text (FakeServer *self, const char *text, gsize length)
{
  GOutputStream *output = g_io_stream_get_output_stream (self->io);

  g_output_stream_write_all (output, text, length, NULL, NULL, NULL);
}

/* Call this with the lock. Returns whether expect has come, and then goes behind it. */
static gboolean
see (FakeServer *self, const char *expect, char **between)
{
  char *found = strstr (self->received->str + self->seen, expect);
  gsize end;

  if (found == NULL)
    return FALSE;

  end = (gsize) (found - self->received->str) + strlen (expect);
  if (between != NULL)
    *between = g_strndup (self->received->str + self->seen, end - self->seen);
  self->seen = end;
  return TRUE;
}

/* Call this with the lock. step: of the login */
static void
advance (FakeServer *self, guint *step)
{
  for (; *step < G_N_ELEMENTS (login) && see (self, login[*step][0], NULL); ++*step)
    send_text (self, login[*step][1], strlen (login[*step][1]));
  self->done = *step == G_N_ELEMENTS (login);
}

/* Call this with the lock. Text of XML, or what the masked frames of a WebSocket hold. */
static void
take_bytes (FakeServer *self, const char *bytes, gsize length)
{
  const guint8 *data;
  gsize         size, header;

  if (self->frames == NULL)
    {
      /* A handshake that the server does not take part in is no text. */
      for (gsize i = 0; i < length; i++)
        g_string_append_c (self->received, bytes[i] == '\0' ? '.' : bytes[i]);
      if (self->is_websocket && g_str_has_suffix (self->received->str, "\r\n\r\n"))
        self->frames = g_byte_array_new ();
      return;
    }
  g_byte_array_append (self->frames, (const guint8 *) bytes, (guint) length);
  for (;;)
    {
      data = self->frames->data;
      if (self->frames->len < 2)
        return;
      g_assert_cmpint (data[1] & 0x80, ==, 0x80);
      size = data[1] & 0x7f;
      g_assert_cmpuint (size, <, 127);
      header = size == 126 ? 8 : 6;
      if (self->frames->len < header)
        return;
      if (size == 126)
        size = (gsize) data[2] << 8 | data[3];
      if (self->frames->len < header + size)
        return;
      for (gsize i = 0; i < size; i++)
        g_string_append_c (self->received, (char) (data[header + i] ^ data[header - 4 + i % 4]));
      g_byte_array_remove_range (self->frames, 0, (guint) (header + size));
    }
}

static void
serve (FakeServer *self)
{
  GInputStream *input = g_io_stream_get_input_stream (self->io);
  guint         step;
  char          buffer[65536];
  gboolean      has_come = FALSE; /* or the client does not trust the certificate */

  g_mutex_lock (&self->lock);
  step = self->lets_in ? 0 : G_N_ELEMENTS (login);
  self->n_clients++;
  for (;;)
    {
      gssize n;

      advance (self, &step);
      g_cond_broadcast (&self->changed);
      while (self->paused && !g_cancellable_is_cancelled (self->acceptor.cancellable))
        g_cond_wait (&self->changed, &self->lock);
      g_mutex_unlock (&self->lock);
      n = g_input_stream_read (input, buffer, sizeof buffer, NULL, NULL);
      g_mutex_lock (&self->lock);
      if (n <= 0)
        break;
      has_come = TRUE;
      /* TLS from the first byte says what follows (XEP-0368 §3). */
      if (G_IS_TLS_CONNECTION (self->io) && !self->is_websocket)
        g_assert_cmpstr (g_tls_connection_get_negotiated_protocol (current_tls), ==, "xmpp-client");
      take_bytes (self, buffer, (gsize) n);
      if (!self->deaf && g_str_has_suffix (self->received->str, "</stream:stream>"))
        send_text (self, "</stream:stream>", strlen ("</stream:stream>"));
      else if (g_str_has_suffix (self->received->str, CLOSE_FRAME + 2))
        send_text (self, CLOSE_FRAME, strlen (CLOSE_FRAME));
    }
  self->ended = has_come;
  g_clear_pointer (&self->frames, g_byte_array_unref);
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
}

static gboolean
certificate_cb (GTlsConnection      *tls,
                GTlsCertificate     *certificate,
                GTlsCertificateFlags errors,
                FakeServer          *self)
{
  g_atomic_int_inc (&self->n_certificates);
  return TRUE;
}

static GIOStream *
wrap (FakeServer *self)
{
  static const char *const protocols[] = { "xmpp-client", "http/1.1", NULL };
  GIOStream               *tls;

  if (self->certificate == NULL)
    return g_object_ref (G_IO_STREAM (self->connection));

  tls = g_tls_server_connection_new (G_IO_STREAM (self->connection), self->certificate, NULL);
  current_tls = G_TLS_CONNECTION (tls);
  g_tls_connection_set_advertised_protocols (current_tls, protocols);
  g_object_set (tls, "authentication-mode", G_TLS_AUTHENTICATION_REQUESTED, NULL);
  g_signal_connect (tls, "accept-certificate", G_CALLBACK (certificate_cb), self);
  if (self->later != NULL)
    {
      g_set_object (&self->certificate, self->later);
      g_clear_object (&self->later);
    }
  return tls;
}

static void
serve_cb (GSocketConnection *connection, gpointer data)
{
  FakeServer *self = data;

  g_mutex_lock (&self->lock);
  if (g_cancellable_is_cancelled (self->acceptor.cancellable))
    {
      g_mutex_unlock (&self->lock);
      return;
    }
  g_clear_object (&self->io);
  g_set_object (&self->connection, connection);
  self->io = wrap (self);
  self->done = self->ended = FALSE;
  g_mutex_unlock (&self->lock);
  serve (self);
}

GTlsConnection *
fake_server_dup_tls (FakeServer *self)
{
  GTlsConnection *tls;

  g_mutex_lock (&self->lock);
  tls = G_IS_TLS_CONNECTION (self->io) ? G_TLS_CONNECTION (g_object_ref (self->io)) : NULL;
  g_mutex_unlock (&self->lock);
  return tls;
}

FakeServer *
fake_server_new (GTlsCertificate *certificate)
{
  FakeServer *self = g_new0 (FakeServer, 1);

  g_set_object (&self->certificate, certificate);
  self->received = g_string_new (NULL);
  g_mutex_init (&self->lock);
  g_cond_init (&self->changed);
  acceptor_start (&self->acceptor, serve_cb, self);

  return self;
}

void
fake_server_send (FakeServer *self, const char *text, gssize length)
{
  g_mutex_lock (&self->lock);
  while (!self->done)
    g_cond_wait (&self->changed, &self->lock);
  send_text (self, text, length < 0 ? strlen (text) : (gsize) length);
  g_mutex_unlock (&self->lock);
}

char *
fake_server_take_until (FakeServer *self, const char *text)
{
  char *taken = NULL;

  g_mutex_lock (&self->lock);
  while (!self->done || !see (self, text, &taken))
    {
      if (self->ended)
        g_error ("“%s” was expected after “%s”", text, self->received->str);
      g_cond_wait (&self->changed, &self->lock);
    }
  g_mutex_unlock (&self->lock);
  return taken;
}

void
fake_server_expect (FakeServer *self, const char *text)
{
  g_free (fake_server_take_until (self, text));
}

void
fake_server_set_paused (FakeServer *self, gboolean paused)
{
  g_mutex_lock (&self->lock);
  self->paused = paused;
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
}

void
fake_server_close (FakeServer *self)
{
  g_mutex_lock (&self->lock);
  g_socket_shutdown (g_socket_connection_get_socket (self->connection), FALSE, TRUE, NULL);
  g_mutex_unlock (&self->lock);
}

char *
fake_server_free (FakeServer *self)
{
  char *received;

  g_cancellable_cancel (self->acceptor.cancellable);
  g_mutex_lock (&self->lock);
  /* A read that is cancelled leaks its error in glib-networking. */
  if (self->connection != NULL)
    g_socket_shutdown (g_socket_connection_get_socket (self->connection), TRUE, TRUE, NULL);
  g_mutex_unlock (&self->lock);
  fake_server_set_paused (self, FALSE);
  acceptor_stop (&self->acceptor);
  g_clear_object (&self->io);
  g_clear_object (&self->connection);
  g_clear_object (&self->certificate);
  g_clear_object (&self->later);
  received = g_string_free (self->received, FALSE);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->changed);
  g_free (self);

  return received;
}
