/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/trust/session-encryption.h"

#include <string.h>

/* For the first byte of the client, and then for the handshake. */
#define HANDSHAKE_TIMEOUT (60 * G_USEC_PER_SEC)

void
ibb_session_encryption_init (IBBSessionEncryption *self,
                             IBBTlsCredentials    *credentials,
                             gboolean              as_server,
                             const char           *own,
                             const char           *peer,
                             const guint8         *number,
                             gint64                now)
{
  *self = (IBBSessionEncryption){
    .tls = ibb_tls_session_new (credentials, as_server),
    .as_server = as_server,
    .has_begun = !as_server,
    .own = g_strdup (own),
    .peer = g_strdup (peer),
    .deadline = now + HANDSHAKE_TIMEOUT,
  };
  memcpy (self->number, number, sizeof self->number);
}

void
ibb_session_encryption_clear (IBBSessionEncryption *self)
{
  if (self->has_decision)
    ibb_decision_clear (&self->decision);
  g_clear_pointer (&self->tls, ibb_tls_session_free);
  g_clear_pointer (&self->own, g_free);
  g_clear_pointer (&self->peer, g_free);
}

gboolean
ibb_session_encryption_wants_input (const IBBSessionEncryption *self)
{
  switch (self->stage)
    {
    case IBB_SESSION_ENCRYPTION_HANDSHAKE:
      return TRUE;
    case IBB_SESSION_ENCRYPTION_AGREEMENT:
      return ibb_exchange_get_wanted (&self->decision.exchange) > 0;
    default:
      return FALSE;
    }
}

static void
fail (IBBSessionEncryption *self, IBBSessionEncryptionFailure failure)
{
  self->failure = failure;
  self->stage = IBB_SESSION_ENCRYPTION_FAILED;
}

static void
begin_agreement (IBBSessionEncryption *self, gint64 now)
{
  g_autoptr (GBytes) key = ibb_tls_session_dup_exporter (self->tls);

  ibb_decision_init (&self->decision, self->as_server, self->own, self->peer, key, self->number,
                     now);
  self->has_decision = TRUE;
  self->stage = IBB_SESSION_ENCRYPTION_AGREEMENT;
}

static void
shake_hands (IBBSessionEncryption *self, gint64 now)
{
  if (!self->has_begun && ibb_tls_session_has_input (self->tls))
    {
      self->has_begun = TRUE;
      self->deadline = now + HANDSHAKE_TIMEOUT;
    }
  self->until = self->deadline;
  switch (ibb_tls_session_handshake (self->tls))
    {
    case IBB_TLS_DONE:
      begin_agreement (self, now);
      break;
    case IBB_TLS_WAIT:
      if (now >= self->deadline)
        fail (self, IBB_SESSION_ENCRYPTION_FAILURE_PEER_LATE);
      break;
    default:
      fail (self, IBB_SESSION_ENCRYPTION_FAILURE_TLS);
    }
}

/* Bytes that are not wanted stay in TLS: they may be the application's. */
static void
receive (IBBSessionEncryption *self)
{
  guint8       bytes[IBB_EXCHANGE_NUMBER_LENGTH];
  gsize        wanted, n;
  IBBTlsResult result;

  while ((wanted = ibb_exchange_get_wanted (&self->decision.exchange)) > 0)
    {
      result = ibb_tls_session_read (self->tls, bytes, wanted, &n);
      if (result == IBB_TLS_WAIT)
        return;
      if (result != IBB_TLS_DONE)
        {
          fail (self, result == IBB_TLS_ENDED ? IBB_SESSION_ENCRYPTION_FAILURE_ENDED
                                              : IBB_SESSION_ENCRYPTION_FAILURE_TLS);
          return;
        }
      ibb_exchange_receive (&self->decision.exchange, bytes, n);
    }
}

static void
send (IBBSessionEncryption *self)
{
  GByteArray *output = self->decision.exchange.output;

  if (output->len > 0 && self->stage != IBB_SESSION_ENCRYPTION_FAILED &&
      ibb_tls_session_write (self->tls, output->data, output->len) != IBB_TLS_DONE)
    fail (self, IBB_SESSION_ENCRYPTION_FAILURE_TLS);
  g_byte_array_set_size (output, 0);
}

/* The failure of a decision that is over. */
static IBBSessionEncryptionFailure
get_decision_failure (const IBBDecision *decision)
{
  switch (decision->failure)
    {
    case IBB_DECISION_FAILURE_BUSY:
      return IBB_SESSION_ENCRYPTION_FAILURE_BUSY;
    case IBB_DECISION_FAILURE_TURN_LATE:
      return IBB_SESSION_ENCRYPTION_FAILURE_TURN_LATE;
    case IBB_DECISION_FAILURE_PEER_LATE:
      return IBB_SESSION_ENCRYPTION_FAILURE_PEER_LATE;
    case IBB_DECISION_FAILURE_NONE:
    default:
      break;
    }
  switch (decision->exchange.state)
    {
    case IBB_EXCHANGE_REFUSED:
      return IBB_SESSION_ENCRYPTION_FAILURE_REFUSED;
    case IBB_EXCHANGE_CHEATED:
      return IBB_SESSION_ENCRYPTION_FAILURE_CHEATED;
    case IBB_EXCHANGE_BROKEN:
      return IBB_SESSION_ENCRYPTION_FAILURE_BROKEN;
    default:
      return IBB_SESSION_ENCRYPTION_FAILURE_DECLINED;
    }
}

/* An end that refuses the peer gives this as the reason, however the exchange ends. */
static IBBSessionEncryptionFailure
get_failure (const IBBSessionEncryption *self)
{
  if (ibb_decision_is_refusal (&self->decision))
    return IBB_SESSION_ENCRYPTION_FAILURE_DECLINED;
  return self->failure != IBB_SESSION_ENCRYPTION_FAILURE_NONE
             ? self->failure
             : get_decision_failure (&self->decision);
}

static IBBStep
agree (IBBSessionEncryption *self, IBBTurns *turns, gint64 now)
{
  IBBStep step = IBB_STEP_WAIT;

  receive (self);
  if (self->stage == IBB_SESSION_ENCRYPTION_AGREEMENT)
    {
      step = ibb_decision_proceed (&self->decision, turns, self->peer, now);
      self->until = self->decision.until;
      send (self);
    }
  if (self->stage == IBB_SESSION_ENCRYPTION_AGREEMENT && !ibb_decision_is_over (&self->decision))
    return step;
  if (self->stage == IBB_SESSION_ENCRYPTION_AGREEMENT &&
      self->decision.exchange.state == IBB_EXCHANGE_TRUSTED)
    self->stage = IBB_SESSION_ENCRYPTION_DONE;
  else
    fail (self, get_failure (self));
  return step;
}

IBBStep
ibb_session_encryption_proceed (IBBSessionEncryption *self, IBBTurns *turns, gint64 now)
{
  IBBStep step = IBB_STEP_WAIT;

  if (self->stage == IBB_SESSION_ENCRYPTION_HANDSHAKE)
    shake_hands (self, now);
  if (self->stage == IBB_SESSION_ENCRYPTION_AGREEMENT)
    step = agree (self, turns, now);
  return step;
}

gboolean
ibb_session_encryption_end (IBBSessionEncryption *self,
                            IBBTurns             *turns,
                            gint64                now,
                            IBBPause             *pause)
{
  return self->has_decision && ibb_decision_end (&self->decision, turns, self->peer, now, pause);
}
