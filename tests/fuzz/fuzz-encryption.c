/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* An end that is to be encrypted, and a peer whose bytes are changed: the first byte says which end
 * is attacked. Then each four bytes say how many bytes of the honest peer pass, how many are left
 * out behind these, which byte is put in, and what happens here: the user answers, or time passes.
 * The end is never encrypted without a yes, takes no wrong byte of the application, and is over
 * after its times. */

#include "config.h"

#include "fuzz.h"

#include <glib/gstdio.h>

#include "xmpp/trust/key-file.h"
#include "xmpp/trust/session-encryption.h"

#define TEXT "the bytes of the application"

static IBBTlsCredentials *credentials;

static void
load (void)
{
  g_autofree char            *folder = g_dir_make_tmp (NULL, NULL);
  g_autofree char            *path = g_build_filename (folder, "key", NULL);
  g_autoptr (GTlsCertificate) certificate = ibb_key_file_load (path, NULL);

  credentials = ibb_tls_credentials_new (certificate, NULL);
  g_assert_nonnull (credentials);
  g_unlink (path);
  g_rmdir (folder);
}

/* Returns whether the encryption goes on. The honest end knows the key; the other one asks. */
static gboolean
proceed (IBBSessionEncryption *self, IBBTurns *turns, gint64 now, gboolean is_honest)
{
  IBBStep step;

  do
    {
      step = ibb_session_encryption_proceed (self, turns, now);
      if (step == IBB_STEP_CHECK)
        ibb_decision_set_trust (&self->decision,
                                is_honest ? IBB_XMPP_TRUST_KNOWN : IBB_XMPP_TRUST_UNKNOWN, TRUE);
    }
  while (step != IBB_STEP_WAIT);
  g_assert_true (self->stage >= IBB_SESSION_ENCRYPTION_DONE || self->until > now);
  return self->stage < IBB_SESSION_ENCRYPTION_DONE;
}

static void
take (GByteArray *bytes, gsize n, IBBSessionEncryption *to)
{
  n = MIN (n, bytes->len);
  if (to != NULL && n > 0)
    ibb_tls_session_receive (to->tls, bytes->data, n);
  g_byte_array_remove_range (bytes, 0, (guint) n);
}

static void
read_text (IBBSessionEncryption *self)
{
  guint8 bytes[sizeof TEXT];
  gsize  n;
  gsize  n_read = 0;

  while (ibb_tls_session_read (self->tls, bytes, sizeof bytes, &n) == IBB_TLS_DONE)
    {
      g_assert_cmpuint (n_read + n, <=, strlen (TEXT));
      g_assert_cmpmem (bytes, n, &TEXT[n_read], n);
      n_read += n;
    }
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  const guint8           number[IBB_EXCHANGE_NUMBER_LENGTH] = { 1 };
  gboolean               as_server = size > 0 && (data[0] & 1) != 0;
  g_autoptr (GByteArray) way = g_byte_array_new ();
  gint64                 now = 0;
  gboolean               says_yes = FALSE;
  gboolean               has_written = FALSE;
  IBBSessionEncryption   end, peer;
  IBBTurns               turns[2];
  IBBPause               pause;

  if (credentials == NULL)
    load ();
  ibb_turns_init (&turns[0]);
  ibb_turns_init (&turns[1]);
  ibb_session_encryption_init (&end, credentials, as_server, "a@b", "c@d", number, now);
  ibb_session_encryption_init (&peer, credentials, !as_server, "c@d", "a@b", number, now);
  for (gsize i = 1; i + 4 <= size && i < 400; i += 4)
    {
      GByteArray *said = ibb_tls_session_get_output (peer.tls);

      if (!proceed (&peer, &turns[1], now, TRUE) && !has_written &&
          peer.stage == IBB_SESSION_ENCRYPTION_DONE)
        has_written =
            ibb_tls_session_write (peer.tls, (const guint8 *) TEXT, strlen (TEXT)) == IBB_TLS_DONE;
      g_byte_array_append (way, said->data, said->len);
      g_byte_array_set_size (said, 0);
      take (way, (gsize) data[i] * 8, &end);
      take (way, data[i + 1] & 0x0f, NULL);
      if ((data[i + 1] & 0x80) != 0)
        ibb_tls_session_receive (end.tls, &data[i + 2], 1);
      if ((data[i + 3] & 1) != 0)
        now += (gint64) data[i + 3] * G_USEC_PER_SEC;
      if (end.has_decision && end.decision.is_asked && (data[i + 3] & 2) != 0)
        {
          says_yes = (data[i + 3] & 4) != 0;
          ibb_decision_answer (&end.decision, says_yes);
        }
      if (!proceed (&end, &turns[0], now, FALSE))
        break;
      take (ibb_tls_session_get_output (end.tls), G_MAXUINT, &peer);
    }
  if (end.stage == IBB_SESSION_ENCRYPTION_DONE)
    {
      g_assert_true (says_yes);
      read_text (&end);
    }
  for (guint i = 0; i < 8 && proceed (&end, &turns[0], end.until, FALSE); i++)
    ;
  g_assert_true (end.stage >= IBB_SESSION_ENCRYPTION_DONE);
  ibb_session_encryption_end (&end, &turns[0], now, &pause);
  ibb_session_encryption_end (&peer, &turns[1], now, &pause);
  ibb_session_encryption_clear (&end);
  ibb_session_encryption_clear (&peer);
  ibb_turns_clear (&turns[0]);
  ibb_turns_clear (&turns[1]);
  return 0;
}
