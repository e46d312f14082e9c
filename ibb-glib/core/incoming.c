/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/incoming.h"

#include "core/peer/registration.h"
#include "core/session/delivery.h"
#include "core/session/finished.h"
#include "core/session/opening.h"
#include "core/session/resume.h"

static void
reply_error (IBBAcceptor *self, const IBBStanza *stanza, IBBCondition condition, IBBErrorType type)
{
  ibb_control_reply_error (&self->context->control, stanza, condition, type, NULL);
}

/* Whether another service answers that a session is gone. Its answer must not overtake what waits
 * here for the same peer: the result of a close that is repeated, or the reason of an end (D-66).
 */
static gboolean
is_for_others (const IBBAcceptor *self, const IBBStanza *stanza, IBBClaim least)
{
  return least > IBB_CLAIM_LAST_WORD ||
         (least == IBB_CLAIM_LAST_WORD &&
          !ibb_control_has_stanza_to (&self->context->control, stanza->from));
}

static gboolean
receive_for_session (IBBAcceptor *self,
                     IBBStanza   *stanza,
                     const char  *local,
                     const char  *peer,
                     IBBClaim     least,
                     gint64       now)
{
  IBBSession *session = ibb_registration_find (self->context, local, peer, stanza->sid);

  if (session != NULL && session->state != IBB_SESSION_REQUESTED)
    ibb_delivery_receive (session, stanza, now);
  else if (ibb_registration_find (self->context, local, peer, stanza->asked) != NULL)
    ibb_control_repeat_result (&self->context->control, stanza); /* of a probe (D-27) */
  else if (session == NULL && is_for_others (self, stanza, least))
    return FALSE;
  else if (stanza->sid == NULL)
    /* Without a sid it belongs to no session (D-11). */
    reply_error (self, stanza, IBB_CONDITION_BAD_REQUEST, IBB_ERROR_TYPE_CANCEL);
  else
    {
      /* No session that was accepted has this sid (N-24, N-37). */
      reply_error (self, stanza, IBB_CONDITION_ITEM_NOT_FOUND, IBB_ERROR_TYPE_CANCEL);
      /* A peer that closes a session before we have accepted it withdraws its request (D-15). */
      if (session != NULL && stanza->payload == IBB_PAYLOAD_CLOSE)
        ibb_opening_refuse (session, IBB_CONDITION_NOT_ACCEPTABLE, NULL, IBB_FAILURE_WITHDRAWN);
    }
  return TRUE;
}

/* A peer that does not know the secret learns nothing, not even that there is a session. */
static gboolean
receive_resume (IBBAcceptor *self,
                IBBStanza   *stanza,
                const char  *local,
                const char  *peer,
                IBBClaim     least,
                gint64       now)
{
  IBBContext        *context = self->context;
  IBBSession        *session;
  const IBBFinished *finished = NULL;

  if (!stanza->has_position || !ibb_stanza_is_valid_sid (stanza->sid) || local == NULL ||
      peer == NULL || ibb_stanza_record_has_long_id (stanza))
    {
      reply_error (self, stanza, IBB_CONDITION_BAD_REQUEST, IBB_ERROR_TYPE_MODIFY);
      return TRUE;
    }
  /* A peer that has logged in again may have another resource. There another session may have the
   * same sid (D-58). */
  session = ibb_registration_find_resumable (context, local, peer, stanza, ibb_resume_is_proven);
  if (session == NULL)
    finished = ibb_finished_find (context, stanza, local, peer);
  if (session == NULL && finished == NULL && is_for_others (self, stanza, least))
    return FALSE;
  /* Each request that is taken gets an answer, and may lead to a close. A peer that hears nothing
   * asks again (D-47). */
  if (ibb_control_is_flooded (&context->control))
    return TRUE;

  if (session != NULL)
    ibb_resume_receive (session, stanza, peer, now);
  else if (finished != NULL)
    ibb_finished_answer (finished, stanza);
  else
    reply_error (self, stanza, IBB_CONDITION_ITEM_NOT_FOUND, IBB_ERROR_TYPE_CANCEL);
  return TRUE;
}

/* An IQ of type get with one of our elements, an unknown element, or an element that is not alone
 * (D-10). */
static void
refuse_misuse (IBBAcceptor *self, const IBBStanza *stanza)
{
  if (stanza->payload == IBB_PAYLOAD_UNKNOWN && !stanza->has_child)
    reply_error (self, stanza, IBB_CONDITION_FEATURE_NOT_IMPLEMENTED, IBB_ERROR_TYPE_CANCEL);
  else
    reply_error (self, stanza, IBB_CONDITION_BAD_REQUEST, IBB_ERROR_TYPE_MODIFY);
}

gboolean
ibb_incoming_receive (IBBAcceptor *self,
                      IBBStanza   *stanza,
                      const char  *local,
                      const char  *peer,
                      IBBClaim     least,
                      gint64       now)
{
  if (stanza->name == IBB_STANZA_MESSAGE)
    return stanza->payload != IBB_PAYLOAD_DATA ||
           receive_for_session (self, stanza, local, peer, least, now);
  /* RFC 6120 §8.1.3 requires an id. Without one the IQ cannot be answered. */
  if (stanza->id == NULL)
    return TRUE;

  if (stanza->payload == IBB_PAYLOAD_UNKNOWN || !ibb_stanza_record_is_kind (stanza, "set"))
    refuse_misuse (self, stanza);
  else if (stanza->payload == IBB_PAYLOAD_OPEN)
    return ibb_acceptor_receive (self, stanza, local, peer, least, now);
  else if (stanza->payload == IBB_PAYLOAD_RESUME)
    return receive_resume (self, stanza, local, peer, least, now);
  else
    return receive_for_session (self, stanza, local, peer, least, now);
  return TRUE;
}
