/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/peer/probe.h"

void
ibb_probe_clear (IBBProbe *self)
{
  ibb_probe_stop (self);
  g_free (self->session_from);
}

void
ibb_probe_stop (IBBProbe *self)
{
  ibb_pendings_remove (self->context->pendings, &self->pending);
  self->session = NULL;
  g_clear_pointer (&self->sid, g_free);
}

void
ibb_probe_name (IBBProbe *self, GList *link, const char *sid, const char *from)
{
  self->session = link;
  g_free (self->sid);
  self->sid = g_strdup (sid);
  g_free (self->session_from);
  self->session_from = g_strdup (from);
}

static void
push (IBBProbe *self)
{
  IBBControl *control = &self->context->control;
  IBBStanza  *probe =
      ibb_stanza_record_new (IBB_STANZA_IQ, self->is_query ? "get" : "set",
                             self->is_query ? IBB_PAYLOAD_DISCO_QUERY : IBB_PAYLOAD_CLOSE,
                             self->pending.id, self->address);
  gboolean names_session = !self->is_query && self->sid != NULL;

  probe->from = g_strdup (names_session ? self->session_from : self->from);
  if (!self->is_query)
    probe->sid = ibb_ids_create (&self->context->ids);
  if (names_session)
    probe->asked = g_strdup (self->sid);
  ibb_control_push (control, probe);
  self->end = control->n_popped + control->length;
}

void
ibb_probe_send (IBBProbe *self)
{
  ibb_pendings_add (self->context->pendings, &self->pending, IBB_PENDING_PROBE,
                    ibb_ids_create (&self->context->ids), self->jid, self->owner);
  push (self);
  self->first_end = self->end;
}

void
ibb_probe_repeat (IBBProbe *self)
{
  if (self->context->control.n_popped >= self->end)
    push (self);
}

gboolean
ibb_probe_has_left (const IBBProbe *self)
{
  return self->pending.id != NULL && self->context->control.n_popped >= self->first_end;
}

gpointer
ibb_probe_get_session (const IBBProbe *self)
{
  return !self->is_query && self->session != NULL ? self->session->data : NULL;
}

/* An error that a server gives for a peer that is not there. */
static gboolean
is_bounce (const IBBStanza *error)
{
  return error->error_type != IBB_ERROR_TYPE_WAIT &&
         error->condition != IBB_CONDITION_REMOTE_SERVER_TIMEOUT &&
         ibb_condition_means_unreachable (error->condition);
}

static gboolean
is_item_not_found (const IBBStanza *answer)
{
  return answer->payload == IBB_PAYLOAD_ERROR && answer->condition == IBB_CONDITION_ITEM_NOT_FOUND;
}

gboolean
ibb_probe_is_answer_of_peer (const IBBStanza *answer)
{
  /* This condition answers a probe, whatever the type (H-06). */
  if (answer->payload != IBB_PAYLOAD_ERROR || is_item_not_found (answer))
    return TRUE;
  return answer->error_type != IBB_ERROR_TYPE_WAIT &&
         answer->condition != IBB_CONDITION_REMOTE_SERVER_TIMEOUT && !is_bounce (answer);
}

IBBPeerVerdict
ibb_probe_judge (const IBBProbe *self, const IBBStanza *answer)
{
  if (ibb_probe_get_session (self) != NULL && is_item_not_found (answer))
    return IBB_PEER_FORGOT;
  if (ibb_probe_is_answer_of_peer (answer))
    return IBB_PEER_THERE;
  if (is_bounce (answer))
    return IBB_PEER_GONE;
  return ibb_condition_means_unreachable (answer->condition) ? IBB_PEER_AWAY : IBB_PEER_UNKNOWN;
}
