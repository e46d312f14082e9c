/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/trust/exchange.h"

#include <string.h>

#define CODE_LABEL "ibb-glib code 2"
#define VERDICT_YES 'y'
#define VERDICT_NO 'n'
#define VERDICT_LATER 'a' /* the user is asked */

G_STATIC_ASSERT (sizeof ((IBBExchange *) NULL)->promise == 32); /* SHA-256 */

void
ibb_exchange_init (IBBExchange  *self,
                   gboolean      as_server,
                   const char   *own,
                   const char   *peer,
                   GBytes       *key,
                   const guint8 *number)
{
  *self = (IBBExchange){ .as_server = as_server };
  /* A name has no line break. */
  self->names =
      as_server ? g_strconcat (peer, "\n", own, NULL) : g_strconcat (own, "\n", peer, NULL);
  self->key = g_bytes_ref (key);
  self->output = g_byte_array_new ();
  memcpy (self->own, number, sizeof self->own);
}

void
ibb_exchange_clear (IBBExchange *self)
{
  g_clear_pointer (&self->names, g_free);
  g_clear_pointer (&self->key, g_bytes_unref);
  g_clear_pointer (&self->output, g_byte_array_unref);
}

static void
hash (const guint8 *number, guint8 *digest)
{
  GChecksum *checksum = g_checksum_new (G_CHECKSUM_SHA256);
  gsize      length = IBB_EXCHANGE_NUMBER_LENGTH;

  g_checksum_update (checksum, number, IBB_EXCHANGE_NUMBER_LENGTH);
  g_checksum_get_digest (checksum, digest, &length);
  g_checksum_free (checksum);
}

/* The number of an end that will say no. */
static void
fill_refusal (guint8 *number)
{
  memset (number, VERDICT_NO, IBB_EXCHANGE_NUMBER_LENGTH);
}

/* Whether bytes are that number, or its SHA-256. */
static gboolean
equals_refusal (const guint8 *bytes, gboolean is_digest)
{
  guint8 refusal[IBB_EXCHANGE_NUMBER_LENGTH];

  fill_refusal (refusal);
  if (is_digest)
    hash (refusal, refusal);
  return memcmp (bytes, refusal, sizeof refusal) == 0;
}

/* Six digits of the key of the TLS connection, of both names and of both random numbers. The names
 * are those that this end sees: a server that gives one end another name changes the digits. */
static void
make_code (IBBExchange *self, const guint8 *client, const guint8 *server)
{
  gsize         key_length = 0;
  const guint8 *key = g_bytes_get_data (self->key, &key_length);
  gsize         length = 32;
  guint8        digest[32];
  guint32       number;
  GHmac        *hmac;

  hmac = g_hmac_new (G_CHECKSUM_SHA256, key, key_length);
  g_hmac_update (hmac, (const guchar *) CODE_LABEL, strlen (CODE_LABEL));
  g_hmac_update (hmac, client, IBB_EXCHANGE_NUMBER_LENGTH);
  g_hmac_update (hmac, server, IBB_EXCHANGE_NUMBER_LENGTH);
  g_hmac_update (hmac, (const guchar *) self->names, (gssize) strlen (self->names));
  g_hmac_get_digest (hmac, digest, &length);
  g_hmac_unref (hmac);
  memcpy (&number, digest, sizeof number);
  number = GUINT32_FROM_BE (number) % 1000000;
  g_snprintf (self->code, sizeof self->code, "%03u %03u", number / 1000, number % 1000);
}

gboolean
ibb_exchange_can_begin (const IBBExchange *self)
{
  return self->state == IBB_EXCHANGE_OPENING && (!self->as_server || self->is_promised);
}

/* The client commits itself to its random number before it knows that of the server, and the server
 * chooses its own without knowing that of the client. So somebody in between, who has a TLS
 * connection to each, cannot choose so that both have the same digits. */
void
ibb_exchange_begin (IBBExchange *self, gboolean refuses)
{
  guint8 commitment[IBB_EXCHANGE_NUMBER_LENGTH];

  if (!ibb_exchange_can_begin (self))
    return;
  self->refuses = refuses;
  if (self->is_refusal)
    {
      self->state = IBB_EXCHANGE_REFUSED;
      return;
    }
  if (refuses)
    fill_refusal (self->own);
  hash (self->own, commitment);
  g_byte_array_append (self->output, self->as_server ? self->own : commitment, sizeof commitment);
  self->is_shown = self->as_server;
  self->state = IBB_EXCHANGE_AGREEING;
}

gboolean
ibb_exchange_is_refused (const IBBExchange *self)
{
  return self->is_refusal;
}

gboolean
ibb_exchange_is_over (const IBBExchange *self)
{
  return self->state == IBB_EXCHANGE_DECLINED ? self->is_mutual
                                              : self->state > IBB_EXCHANGE_WAITING;
}

gsize
ibb_exchange_get_wanted (const IBBExchange *self)
{
  switch (self->state)
    {
    case IBB_EXCHANGE_OPENING:
      /* Bytes that come too early are noticed, and so is the end of the session. */
      return self->as_server && !self->is_promised ? sizeof self->input - self->n_input : 1;
    case IBB_EXCHANGE_AGREEING:
      return sizeof self->input - self->n_input;
    case IBB_EXCHANGE_JUDGING:
    case IBB_EXCHANGE_WAITING:
      return self->is_trusted ? 0 : 1;
    case IBB_EXCHANGE_DECLINED:
      return self->is_mutual ? 0 : 1;
    default:
      return 0;
    }
}

/* A commitment, or a random number. */
static void
take_number (IBBExchange *self)
{
  guint8 digest[IBB_EXCHANGE_NUMBER_LENGTH];

  self->n_input = 0;
  if (self->state == IBB_EXCHANGE_OPENING)
    {
      memcpy (self->promise, self->input, sizeof self->promise);
      self->is_promised = TRUE;
      self->is_refusal = equals_refusal (self->promise, TRUE);
      return;
    }
  hash (self->input, digest);
  if (!self->as_server && equals_refusal (self->input, FALSE))
    self->state = IBB_EXCHANGE_REFUSED;
  else if (!self->as_server)
    {
      g_byte_array_append (self->output, self->own, sizeof self->own);
      self->is_shown = TRUE;
      make_code (self, self->own, self->input);
      self->state = IBB_EXCHANGE_JUDGING;
    }
  else if (memcmp (digest, self->promise, sizeof digest) == 0)
    {
      make_code (self, self->input, self->own);
      self->state = IBB_EXCHANGE_JUDGING;
    }
  else
    self->state = IBB_EXCHANGE_CHEATED;
}

static void
take_verdict (IBBExchange *self, guint8 verdict)
{
  if (verdict == VERDICT_NO)
    self->state = IBB_EXCHANGE_REFUSED;
  else if (verdict == VERDICT_LATER && !self->is_put_off)
    self->is_put_off = TRUE;
  else if (verdict != VERDICT_YES)
    self->state = IBB_EXCHANGE_BROKEN;
  else if (self->state == IBB_EXCHANGE_WAITING)
    self->state = IBB_EXCHANGE_TRUSTED;
  else
    self->is_trusted = TRUE;
}

void
ibb_exchange_receive (IBBExchange *self, const guint8 *bytes, gsize n)
{
  g_assert (n <= ibb_exchange_get_wanted (self));
  if (n == 0)
    return;
  if (self->state == IBB_EXCHANGE_JUDGING || self->state == IBB_EXCHANGE_WAITING)
    take_verdict (self, bytes[0]);
  else if (self->state == IBB_EXCHANGE_DECLINED)
    self->is_mutual = bytes[0] == VERDICT_NO;
  else if (self->state == IBB_EXCHANGE_OPENING && (!self->as_server || self->is_promised))
    self->state = IBB_EXCHANGE_BROKEN;
  else
    {
      memcpy (self->input + self->n_input, bytes, n);
      self->n_input += n;
      if (self->n_input == sizeof self->input)
        take_number (self);
    }
}

static void
say (IBBExchange *self, guint8 verdict)
{
  g_byte_array_append (self->output, &verdict, 1);
}

void
ibb_exchange_put_off (IBBExchange *self)
{
  if (self->state == IBB_EXCHANGE_JUDGING)
    say (self, VERDICT_LATER);
}

void
ibb_exchange_answer (IBBExchange *self, gboolean yes)
{
  if (self->state != IBB_EXCHANGE_JUDGING)
    return;
  self->is_answered = TRUE;
  say (self, yes ? VERDICT_YES : VERDICT_NO);
  if (!yes)
    self->state = IBB_EXCHANGE_DECLINED;
  else
    self->state = self->is_trusted ? IBB_EXCHANGE_TRUSTED : IBB_EXCHANGE_WAITING;
}

gboolean
ibb_exchange_is_exposed (const IBBExchange *self)
{
  return self->is_shown && !self->is_answered;
}
