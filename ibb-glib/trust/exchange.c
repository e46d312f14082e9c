/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "trust/exchange.h"

#include <string.h>

#include "ibb-error.h"
#include "ibb-intl-private.h"
#include "runtime/random.h"

#define NONCE_LENGTH 32 /* bytes */
#define CODE_LABEL "ibb-glib code 1"
#define VERDICT_YES 'y'
#define VERDICT_NO 'n'
#define VERDICT_LATER 'a' /* the user is asked */

static gboolean
receive (const IBBExchange *self, gpointer bytes, gsize length, GError **error)
{
  gsize n = 0;

  if (!g_input_stream_read_all (g_io_stream_get_input_stream (G_IO_STREAM (self->tls)), bytes,
                                length, &n, self->cancellable, error))
    return FALSE;
  if (n == length)
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED,
               _ ("“%s” ended the session before it was encrypted"), self->peer);
  return FALSE;
}

static gboolean
send (const IBBExchange *self, gconstpointer bytes, gsize length, GError **error)
{
  return g_output_stream_write_all (g_io_stream_get_output_stream (G_IO_STREAM (self->tls)), bytes,
                                    length, NULL, self->cancellable, error);
}

static void
hash (const guchar *nonce, guchar *digest)
{
  GChecksum *checksum = g_checksum_new (G_CHECKSUM_SHA256);
  gsize      length = 32;

  g_checksum_update (checksum, nonce, NONCE_LENGTH);
  g_checksum_get_digest (checksum, digest, &length);
  g_checksum_free (checksum);
}

/* Six digits of the key of the TLS connection (RFC 9266) and of both random numbers. */
static char *
make_code (const IBBExchange *self, const guchar *client, const guchar *server, GError **error)
{
  g_autoptr (GByteArray) exporter = g_byte_array_new ();
  GHmac                 *hmac;
  guchar                 digest[32];
  gsize                  length = sizeof digest;
  guint32                number;

  if (!g_tls_connection_get_channel_binding_data (self->tls, G_TLS_CHANNEL_BINDING_TLS_EXPORTER,
                                                  exporter, error))
    return NULL;
  hmac = g_hmac_new (G_CHECKSUM_SHA256, exporter->data, exporter->len);
  g_hmac_update (hmac, (const guchar *) CODE_LABEL, strlen (CODE_LABEL));
  g_hmac_update (hmac, client, NONCE_LENGTH);
  g_hmac_update (hmac, server, NONCE_LENGTH);
  g_hmac_get_digest (hmac, digest, &length);
  g_hmac_unref (hmac);
  memcpy (&number, digest, sizeof number);
  number = GUINT32_FROM_BE (number) % 1000000;
  return g_strdup_printf ("%03u %03u", number / 1000, number % 1000);
}

/* The client commits itself to its random number before it knows that of the server, and the server
 * chooses its own without knowing that of the client. So somebody in between, who has a TLS
 * connection to each, cannot choose so that both have the same digits: one try in a million
 * succeeds, and the others are seen. */
char *
ibb_exchange_agree_on_code (const IBBExchange *self, GError **error)
{
  guchar own[NONCE_LENGTH];
  guchar theirs[NONCE_LENGTH];
  guchar commitment[32];
  guchar digest[32];

  ibb_random_fill (own, sizeof own);
  if (!self->as_server)
    {
      hash (own, commitment);
      return send (self, commitment, sizeof commitment, error) &&
                     receive (self, theirs, sizeof theirs, error) &&
                     send (self, own, sizeof own, error)
                 ? make_code (self, own, theirs, error)
                 : NULL;
    }
  if (!receive (self, commitment, sizeof commitment, error) ||
      !send (self, own, sizeof own, error) || !receive (self, theirs, sizeof theirs, error))
    return NULL;
  hash (theirs, digest);
  if (memcmp (digest, commitment, sizeof digest) != 0)
    {
      g_set_error (error, IBB_ERROR, IBB_ERROR_PROTOCOL,
                   _ ("“%s” sent another random number than it had promised"), self->peer);
      return NULL;
    }
  return make_code (self, theirs, own, error);
}

void
ibb_exchange_put_off (const IBBExchange *self)
{
  char verdict = VERDICT_LATER;

  send (self, &verdict, 1, NULL);
}

void
ibb_exchange_decline (const IBBExchange *self)
{
  char verdict = VERDICT_NO;

  if (send (self, &verdict, 1, NULL) && receive (self, &verdict, 1, NULL) &&
      verdict == VERDICT_LATER)
    receive (self, &verdict, 1, NULL);
}

/* Reads the verdict of the peer if it has come. */
static gboolean
has_come (const IBBExchange *self, char *verdict)
{
  GInputStream *input = g_io_stream_get_input_stream (G_IO_STREAM (self->tls));

  return g_pollable_input_stream_read_nonblocking (G_POLLABLE_INPUT_STREAM (input), verdict, 1,
                                                   self->cancellable, NULL) == 1;
}

gboolean
ibb_exchange_accept (const IBBExchange *self,
                     void (*put_off) (gpointer data),
                     gpointer data,
                     GError **error)
{
  char     verdict = VERDICT_NO;
  char     own = VERDICT_YES;
  gboolean is_here = has_come (self, &verdict);
  gboolean is_later = is_here && verdict == VERDICT_LATER;

  /* The verdict of the peer may have come long ago. */
  if (is_later)
    is_here = has_come (self, &verdict);
  if ((!is_here || verdict == VERDICT_YES) && !send (self, &own, 1, error))
    return FALSE;
  if (!is_here && !is_later)
    {
      if (!receive (self, &verdict, 1, error))
        return FALSE;
      is_later = verdict == VERDICT_LATER;
      is_here = !is_later;
    }
  if (is_later && !is_here && put_off != NULL)
    put_off (data);
  if (!is_here && !receive (self, &verdict, 1, error))
    return FALSE;
  if (verdict == VERDICT_YES)
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED,
               _ ("“%s” does not trust the key of this end"), self->peer);
  return FALSE;
}
