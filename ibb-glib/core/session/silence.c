/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/session/silence.h"

void
ibb_silence_init (IBBSilence *self, const IBBParameters *parameters)
{
  self->parameters = parameters;
}

void
ibb_silence_begin (IBBSilence *self, gint64 now)
{
  self->since = now;
}

void
ibb_silence_heard (IBBSilence *self, gint64 now)
{
  self->since = now;
  ibb_peer_heard (self->parameters->peer, now);
}

void
ibb_silence_heard_answer (IBBSilence *self, const IBBStanza *answer, gint64 now)
{
  self->since = now;
  if (ibb_peer_gave_answer (answer))
    ibb_peer_heard (self->parameters->peer, now);
}

gboolean
ibb_silence_is_long (const IBBSilence *self, gint64 now)
{
  return now - self->since >= ibb_peer_get_probe_interval (self->parameters->peer);
}

gint64
ibb_silence_get_due (const IBBSilence *self)
{
  const IBBPeer *peer = self->parameters->peer;

  return MAX (self->since + ibb_peer_get_probe_interval (peer), ibb_peer_get_next_probe (peer));
}

void
ibb_silence_timeout (IBBSilence *self, gint64 now)
{
  if (now >= ibb_silence_get_due (self))
    ibb_peer_probe (self->parameters->peer, now);
}

/* Whether a peer that answers probes, but not our blocks, counts as gone. A peer with our feature
 * does not: it may delay an acknowledgement for as long as its reader is slow. */
static gboolean
is_too_long (const IBBSilence *self, gint64 now)
{
  const IBBContext *context = self->parameters->context;
  gint64            timeout = (gint64) context->settings.peer_timeout * 1000;
  gint64            since = MAX (self->since, ibb_clock_get_resumed_at (&context->clock));

  return timeout > 0 && now - since >= timeout;
}

IBBSilenceVerdict
ibb_silence_conclude (IBBSilence *self, gint64 now)
{
  const IBBPeer *peer = self->parameters->peer;

  if (!ibb_silence_is_long (self, now))
    return IBB_SILENCE_GOES_ON; /* its replies arrive */
  if (ibb_peer_has_our_feature (peer))
    {
      self->since = now; /* while messages leave, it is asked more often than once in that time */
      return IBB_SILENCE_REPEAT;
    }
  return is_too_long (self, now) ? IBB_SILENCE_GONE : IBB_SILENCE_GOES_ON;
}
