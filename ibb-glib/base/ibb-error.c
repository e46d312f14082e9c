/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "ibb-error.h"

#include "base/foreign-text.h"
#include "base/ibb-error-private.h"
#include "base/intl.h"
#include "core/base/jid.h"

#include <string.h>

/* “ and ” */

/* The three enumerations have the same conditions in the same order. */
G_STATIC_ASSERT ((int) IBB_ERROR_BAD_REQUEST + (int) IBB_CONDITION_UNEXPECTED_REQUEST ==
                 (int) IBB_ERROR_UNEXPECTED_REQUEST);
G_STATIC_ASSERT ((int) IBB_STANZA_CONDITION_BAD_REQUEST + (int) IBB_CONDITION_UNEXPECTED_REQUEST ==
                 (int) IBB_STANZA_CONDITION_UNEXPECTED_REQUEST);

/**
 * ibb_error_quark:
 *
 * The error domain of ibb-glib.
 *
 * Returns: the quark
 * Since: 1.0
 */
/* clang-format would take the hyphens for minus signs. */
/* clang-format off */
G_DEFINE_QUARK (ibb-error-quark, ibb_error)
/* clang-format on */

/**
 * ibb_error_get_condition:
 * @error: (nullable): an error
 *
 * Gets the stanza error condition that an error of the domain %IBB_ERROR stands for.
 *
 * The errors of streams have the domain %G_IO_ERROR and no condition:
 * [method@IBB.Transport.dup_error] has it.
 *
 * Returns: the condition, or %IBB_STANZA_CONDITION_NONE for any other error
 *
 * Since: 1.0
 */
IBBStanzaCondition
ibb_error_get_condition (const GError *error)
{
  if (error == NULL || error->domain != IBB_ERROR || error->code < (int) IBB_ERROR_BAD_REQUEST ||
      error->code > (int) IBB_ERROR_UNEXPECTED_REQUEST)
    return IBB_STANZA_CONDITION_NONE;

  return (IBBStanzaCondition) (error->code - (int) IBB_ERROR_BAD_REQUEST +
                               (int) IBB_STANZA_CONDITION_BAD_REQUEST);
}

IBBCondition
ibb_error_to_condition (IBBStanzaCondition condition, IBBCondition otherwise)
{
  if (condition < IBB_STANZA_CONDITION_BAD_REQUEST ||
      condition > IBB_STANZA_CONDITION_UNEXPECTED_REQUEST)
    return otherwise;

  return (IBBCondition) ((int) condition - (int) IBB_STANZA_CONDITION_BAD_REQUEST);
}

static gboolean
is_bare_account (const char *jid)
{
  return strchr (jid, '@') != NULL && ibb_jid_get_resource (jid) == NULL;
}

/* What to do about the refusal of an open; doc/errors.md has the possible causes. The
 * message has to fit two lines of a terminal. (nullable) */
static const char *
get_open_advice (IBBCondition condition)
{
  switch (condition)
    {
    case IBB_CONDITION_SERVICE_UNAVAILABLE:
      /* Translators: this and the next ones follow a colon, and the peer is “it”:
         Peer “a@b/c” refused the session, “service-unavailable”: … */
      return _ ("check its address, and that it is online");
    case IBB_CONDITION_FEATURE_NOT_IMPLEMENTED:
      return _ ("its client does not support it");
    case IBB_CONDITION_RECIPIENT_UNAVAILABLE:
    case IBB_CONDITION_GONE:
      return _ ("try again when it is online");
    case IBB_CONDITION_ITEM_NOT_FOUND:
      return _ ("check its address, and that it listens");
    case IBB_CONDITION_NOT_ACCEPTABLE:
      return _ ("it does not let this account in, or is full");
    case IBB_CONDITION_RESOURCE_CONSTRAINT:
      return _ ("choose a smaller block size");
    case IBB_CONDITION_POLICY_VIOLATION:
      return _ ("a rule of the server; try again later");
    case IBB_CONDITION_REMOTE_SERVER_NOT_FOUND:
      return _ ("check the domain of the address");
    case IBB_CONDITION_REMOTE_SERVER_TIMEOUT:
      return _ ("its server does not answer; try later");
    case IBB_CONDITION_JID_MALFORMED:
      return _ ("check the spelling of the address");
    case IBB_CONDITION_FORBIDDEN:
    case IBB_CONDITION_NOT_ALLOWED:
    case IBB_CONDITION_NOT_AUTHORIZED:
    case IBB_CONDITION_REGISTRATION_REQUIRED:
    case IBB_CONDITION_SUBSCRIPTION_REQUIRED:
      return _ ("both may have to be contacts");
    default:
      return NULL;
    }
}

/* The explanation of a condition that answers a block. (nullable) */
static const char *
get_block_advice (IBBCondition condition)
{
  switch (condition)
    {
    case IBB_CONDITION_ITEM_NOT_FOUND:
      /* Translators: this and the next ones follow a colon, and the peer is “it”:
         Peer “a@b/c” refused a block, “item-not-found”: … */
      return _ ("it was started again, or gave up; send again");
    case IBB_CONDITION_SERVICE_UNAVAILABLE:
    case IBB_CONDITION_RECIPIENT_UNAVAILABLE:
    case IBB_CONDITION_GONE:
    case IBB_CONDITION_REMOTE_SERVER_NOT_FOUND:
      return _ ("send again when it is back");
    case IBB_CONDITION_UNEXPECTED_REQUEST:
      return _ ("it missed one; send again");
    case IBB_CONDITION_POLICY_VIOLATION:
    case IBB_CONDITION_RESOURCE_CONSTRAINT:
      return _ ("choose a smaller block size, or send less");
    default:
      return NULL;
    }
}

/* What a condition says about a peer that gave up. (nullable) */
static const char *
get_abort_reason (IBBCondition condition)
{
  switch (condition)
    {
    case IBB_CONDITION_RESOURCE_CONSTRAINT:
      /* Translators: this and the next ones follow a colon, and the peer is “it”:
         Peer “a@b/c” gave up the session, “resource-constraint”: … */
      return _ ("it has no room for more");
    case IBB_CONDITION_RECIPIENT_UNAVAILABLE:
      return _ ("it was stopped");
    case IBB_CONDITION_INTERNAL_SERVER_ERROR:
      return _ ("it met an error of its own");
    case IBB_CONDITION_NOT_ACCEPTABLE:
    case IBB_CONDITION_POLICY_VIOLATION:
      return _ ("it does not want the rest");
    default:
      return NULL;
    }
}

/* Returns one sentence: the text of the answer, or else what to do. */
static char *
describe_refusal (const IBBFailure *failure, const char *peer)
{
  const char      *name = ibb_condition_to_string (failure->condition);
  const char      *advice = get_open_advice (failure->condition);
  g_autofree char *quotation = ibb_foreign_text_dup_quotation (failure->text);

  /* The server of an account gives these answers to an IQ that is for a client (D-03). */
  if (is_bare_account (peer) && (failure->condition == IBB_CONDITION_SERVICE_UNAVAILABLE ||
                                 failure->condition == IBB_CONDITION_FEATURE_NOT_IMPLEMENTED ||
                                 failure->condition == IBB_CONDITION_RECIPIENT_UNAVAILABLE))
    return g_strdup_printf (_ ("Peer “%s” refused the session, “%s”: a full JID with resource is "
                               "needed, such as “%s/resource”"),
                            peer, name, peer);

  if (quotation != NULL)
    return g_strdup_printf (_ ("Peer “%s” refused the session, “%s”; the answer says %s"), peer,
                            name, quotation);

  if (advice != NULL)
    return g_strdup_printf (_ ("Peer “%s” refused the session, “%s”: %s"), peer, name, advice);

  return g_strdup_printf (_ ("Peer “%s” refused the session, “%s”"), peer, name);
}

static char *
describe_block_refusal (const IBBFailure *failure, const char *peer)
{
  const char *name = ibb_condition_to_string (failure->condition);
  const char *advice = get_block_advice (failure->condition);

  if (advice != NULL)
    return g_strdup_printf (_ ("Peer “%s” refused a block, “%s”: %s"), peer, name, advice);

  return g_strdup_printf (_ ("Peer “%s” refused a block, “%s”"), peer, name);
}

static char *
describe_breach (const IBBFailure *failure, const char *peer)
{
  if (failure->has_condition && failure->condition == IBB_CONDITION_UNEXPECTED_REQUEST)
    return g_strdup_printf (_ ("Peer “%s” sent a block out of sequence, so the session was ended: "
                               "something on the way lost or doubled data"),
                            peer);

  if (failure->has_condition && failure->condition == IBB_CONDITION_BAD_REQUEST)
    return g_strdup_printf (_ ("Peer “%s” sent a block that is malformed or larger than agreed, so "
                               "the session was ended"),
                            peer);

  return g_strdup_printf (
      _ ("Peer “%s” broke the protocol of in-band bytestreams, so the session was ended"), peer);
}

/* The message has to hold for somebody who reads as well as for somebody who writes. */
static char *
describe_abort (const IBBFailure *failure, const char *peer)
{
  const char *reason;

  if (!failure->has_condition)
    return g_strdup_printf (_ ("Peer “%s” aborted the session: what was sent or received may be "
                               "incomplete"),
                            peer);

  reason = get_abort_reason (failure->condition);
  if (reason == NULL)
    return g_strdup_printf (_ ("Peer “%s” gave up the session, “%s”: what was sent or received "
                               "may be incomplete"),
                            peer, ibb_condition_to_string (failure->condition));

  return g_strdup_printf (_ ("Peer “%s” gave up the session, “%s”: %s; what was sent or received "
                             "may be incomplete"),
                          peer, ibb_condition_to_string (failure->condition), reason);
}

static char *
describe (const IBBFailure *failure, const char *peer)
{
  switch (failure->kind)
    {
    case IBB_FAILURE_CLOSED:
      return g_strdup_printf (_ ("The session with “%s” is already closed on this side"), peer);
    case IBB_FAILURE_ABORTED:
      return g_strdup_printf (_ ("The session with “%s” was aborted on this side"), peer);
    case IBB_FAILURE_STOPPED:
      return g_strdup_printf (_ ("The service was stopped before the session with “%s” was open"),
                              peer);
    case IBB_FAILURE_CONNECTION_LOST:
      return g_strdup_printf (_ ("The connection to the XMPP server was lost, and with it the "
                                 "session with “%s”: log in and open a new one"),
                              peer);
    case IBB_FAILURE_REFUSED:
      return describe_refusal (failure, peer);
    case IBB_FAILURE_CONDITION:
      return describe_block_refusal (failure, peer);
    case IBB_FAILURE_PROTOCOL:
      return describe_breach (failure, peer);
    case IBB_FAILURE_OPEN_TIMEOUT:
      return g_strdup_printf (_ ("Peer “%s” did not answer the request for a session in time: try "
                                 "again, or allow more time"),
                              peer);
    case IBB_FAILURE_ACCEPT_TIMEOUT:
      return g_strdup_printf (_ ("The request of peer “%s” for a session was not answered in time "
                                 "on this side and was refused"),
                              peer);
    case IBB_FAILURE_WITHDRAWN:
      return g_strdup_printf (_ ("Peer “%s” withdrew its request for a session"), peer);
    case IBB_FAILURE_RETRIES:
      if (failure->has_condition)
        return g_strdup_printf (_ ("Peer “%s” kept refusing a block, at last with “%s”: try "
                                   "again later, or allow more retries"),
                                peer, ibb_condition_to_string (failure->condition));
      return g_strdup_printf (_ ("Peer “%s” kept refusing a block: try again later, or allow "
                                 "more retries"),
                              peer);
    case IBB_FAILURE_PEER_CLOSED:
      return g_strdup_printf (_ ("Peer “%s” closed the session: it takes no more bytes, and what "
                                 "it has not acknowledged may not have reached it"),
                              peer);
    case IBB_FAILURE_PEER_ABORTED:
      return describe_abort (failure, peer);
    case IBB_FAILURE_PEER_GONE:
      return g_strdup_printf (
          _ ("Peer “%s” no longer answers, so the session was ended: what it "
             "has not acknowledged may not have reached it; begin again when it "
             "is back"),
          peer);
    case IBB_FAILURE_CLOSE_UNCONFIRMED:
      return g_strdup_printf (_ ("Peer “%s” did not confirm the end of the session: what it sent "
                                 "or received may be incomplete"),
                              peer);
    case IBB_FAILURE_OVERFLOW:
      return g_strdup_printf (_ ("Peer “%s” sent messages faster than they were read, so the "
                                 "session was ended: let it send IQ stanzas, which wait"),
                              peer);
    case IBB_FAILURE_IN_USE:
      return g_strdup_printf (_ ("A session with “%s” under this sid exists or is expected "
                                 "already: choose another sid"),
                              peer);
    case IBB_FAILURE_NO_ROOM:
      return g_strdup_printf (_ ("The server takes only stanzas that have no room for data beside "
                                 "the addresses of “%s” and of this side: choose a shorter "
                                 "resource, or another server"),
                              peer);
    case IBB_FAILURE_SEND_FAILED:
      return g_strdup_printf (_ ("The connection did not take a stanza of the session with “%s”"),
                              peer);
    case IBB_FAILURE_NONE:
    default:
      g_assert_not_reached ();
    }
}

/* The codes of failures: of IBB_ERROR, or else of G_IO_ERROR. */
static const struct
{
  gboolean is_ours;
  int      code;
} codes[] = {
  [IBB_FAILURE_CLOSED] = { FALSE, G_IO_ERROR_CLOSED },
  [IBB_FAILURE_ABORTED] = { FALSE, G_IO_ERROR_CLOSED },
  [IBB_FAILURE_STOPPED] = { FALSE, G_IO_ERROR_CANCELLED },
  [IBB_FAILURE_CONNECTION_LOST] = { FALSE, G_IO_ERROR_CONNECTION_CLOSED },
  [IBB_FAILURE_PROTOCOL] = { TRUE, IBB_ERROR_PROTOCOL },
  [IBB_FAILURE_OPEN_TIMEOUT] = { FALSE, G_IO_ERROR_TIMED_OUT },
  [IBB_FAILURE_ACCEPT_TIMEOUT] = { FALSE, G_IO_ERROR_TIMED_OUT },
  [IBB_FAILURE_WITHDRAWN] = { FALSE, G_IO_ERROR_CLOSED },
  [IBB_FAILURE_RETRIES] = { FALSE, G_IO_ERROR_TIMED_OUT },
  [IBB_FAILURE_PEER_CLOSED] = { FALSE, G_IO_ERROR_BROKEN_PIPE },
  [IBB_FAILURE_PEER_ABORTED] = { FALSE, G_IO_ERROR_CONNECTION_CLOSED },
  [IBB_FAILURE_PEER_GONE] = { FALSE, G_IO_ERROR_CONNECTION_CLOSED },
  [IBB_FAILURE_CLOSE_UNCONFIRMED] = { FALSE, G_IO_ERROR_CONNECTION_CLOSED },
  [IBB_FAILURE_OVERFLOW] = { TRUE, IBB_ERROR_RESOURCE_CONSTRAINT },
  [IBB_FAILURE_IN_USE] = { FALSE, G_IO_ERROR_PENDING },
  [IBB_FAILURE_NO_ROOM] = { FALSE, G_IO_ERROR_MESSAGE_TOO_LARGE },
  [IBB_FAILURE_SEND_FAILED] = { TRUE, IBB_ERROR_FAILED },
};

static GError *
new_error (const IBBFailure *failure, const char *message)
{
  /* With the condition of the peer, if it has given one as its reason. */
  if (failure->kind == IBB_FAILURE_REFUSED || failure->kind == IBB_FAILURE_CONDITION ||
      (failure->kind == IBB_FAILURE_PEER_ABORTED && failure->has_condition))
    return g_error_new_literal (IBB_ERROR, IBB_ERROR_BAD_REQUEST + (int) failure->condition,
                                message);
  return g_error_new_literal (codes[failure->kind].is_ours ? IBB_ERROR : G_IO_ERROR,
                              codes[failure->kind].code, message);
}

GError *
ibb_error_new_from_failure (const IBBFailure *failure, const char *peer, const char *sid)
{
  g_autofree char *message = NULL;
  g_autofree char *quotation = ibb_foreign_text_dup_quotation (failure->text);

  if (failure->kind == IBB_FAILURE_NONE)
    return NULL;

  message = describe (failure, peer != NULL ? peer : "?");
  if (quotation != NULL && failure->kind != IBB_FAILURE_REFUSED)
    {
      char *longer;

      if (failure->kind == IBB_FAILURE_PEER_ABORTED)
        /* Translators: the first %s is a sentence, the second a quotation of the peer */
        longer = g_strdup_printf (_ ("%s; it says %s"), message, quotation);
      else
        /* Translators: the first %s is a sentence, the second a quotation of the peer or a server
         */
        longer = g_strdup_printf (_ ("%s; the answer says %s"), message, quotation);

      g_free (message);
      message = longer;
    }

  if (sid != NULL)
    {
      char *longer = g_strdup_printf (_ ("%s (sid “%s”)"), message, sid);

      g_free (message);
      message = longer;
    }

  return new_error (failure, message);
}

/* Users of a GIO stream know only the errors of GIO. */
static int
get_stream_code (const GError *error)
{
  if (error->domain == G_IO_ERROR)
    {
      switch (error->code)
        {
        case G_IO_ERROR_INVALID_DATA:
        case G_IO_ERROR_CLOSED:
        case G_IO_ERROR_BROKEN_PIPE:
        case G_IO_ERROR_TIMED_OUT:
        case G_IO_ERROR_CANCELLED:
        case G_IO_ERROR_PENDING:
        case G_IO_ERROR_WOULD_BLOCK:
          return error->code;
        default:
          return G_IO_ERROR_FAILED;
        }
    }

  if (error->domain != IBB_ERROR)
    return G_IO_ERROR_FAILED;

  switch (error->code)
    {
    case IBB_ERROR_PROTOCOL:
      return G_IO_ERROR_INVALID_DATA;
    case IBB_ERROR_ITEM_NOT_FOUND:
    case IBB_ERROR_SERVICE_UNAVAILABLE:
    case IBB_ERROR_RECIPIENT_UNAVAILABLE:
    case IBB_ERROR_GONE:
    case IBB_ERROR_REMOTE_SERVER_NOT_FOUND:
      return G_IO_ERROR_BROKEN_PIPE;
    default:
      return G_IO_ERROR_FAILED;
    }
}

GError *
ibb_error_to_stream_error (const GError *error)
{
  return g_error_new_literal (G_IO_ERROR, get_stream_code (error), error->message);
}

GError *
ibb_error_new_for_stream (const IBBFailure *failure, const char *peer, const char *sid)
{
  g_autoptr (GError) error = ibb_error_new_from_failure (failure, peer, sid);

  if (error == NULL)
    return NULL;
  /* Whatever the reason of the peer. */
  if (failure->kind == IBB_FAILURE_PEER_ABORTED)
    return g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED, error->message);
  return ibb_error_to_stream_error (error);
}

GError *
ibb_error_add_reason (GError *error, const char *reason)
{
  char *message;

  if (error == NULL || reason == NULL)
    return error;

  message = g_strdup_printf ("%s: %s", error->message, reason);
  g_free (error->message);
  error->message = message;
  return error;
}
