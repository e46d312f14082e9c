/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "ibb-error.h"

#include "core/jid.h"
#include "ibb-error-private.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#define ASSERT_CONDITION(name)                                                                     \
  G_STATIC_ASSERT ((int) IBB_ERROR_BAD_REQUEST + (int) IBB_CONDITION_##name ==                     \
                   (int) IBB_ERROR_##name)

ASSERT_CONDITION (BAD_REQUEST);
ASSERT_CONDITION (CONFLICT);
ASSERT_CONDITION (FEATURE_NOT_IMPLEMENTED);
ASSERT_CONDITION (FORBIDDEN);
ASSERT_CONDITION (GONE);
ASSERT_CONDITION (INTERNAL_SERVER_ERROR);
ASSERT_CONDITION (ITEM_NOT_FOUND);
ASSERT_CONDITION (JID_MALFORMED);
ASSERT_CONDITION (NOT_ACCEPTABLE);
ASSERT_CONDITION (NOT_ALLOWED);
ASSERT_CONDITION (NOT_AUTHORIZED);
ASSERT_CONDITION (POLICY_VIOLATION);
ASSERT_CONDITION (RECIPIENT_UNAVAILABLE);
ASSERT_CONDITION (REDIRECT);
ASSERT_CONDITION (REGISTRATION_REQUIRED);
ASSERT_CONDITION (REMOTE_SERVER_NOT_FOUND);
ASSERT_CONDITION (REMOTE_SERVER_TIMEOUT);
ASSERT_CONDITION (RESOURCE_CONSTRAINT);
ASSERT_CONDITION (SERVICE_UNAVAILABLE);
ASSERT_CONDITION (SUBSCRIPTION_REQUIRED);
ASSERT_CONDITION (UNDEFINED_CONDITION);
ASSERT_CONDITION (UNEXPECTED_REQUEST);

/**
 * ibb_error_quark:
 *
 * The error domain of ibb-glib.
 *
 * Returns: the quark
 * Since: 1.0
 */
/* It would take the hyphens for minus signs. */
/* clang-format off */
G_DEFINE_QUARK (ibb-error-quark, ibb_error)
/* clang-format on */

/* A library has no main () to do it in, and its first message may be made on
 * any thread. */
__attribute__ ((constructor)) static void
bind_text_domain (void)
{
  bindtextdomain (GETTEXT_PACKAGE, LOCALE_DIR);
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
}

gboolean
ibb_error_code_to_condition (int code, IBBCondition *condition)
{
  if (code < (int) IBB_ERROR_BAD_REQUEST || code > (int) IBB_ERROR_UNEXPECTED_REQUEST)
    return FALSE;

  *condition = (IBBCondition) (code - (int) IBB_ERROR_BAD_REQUEST);
  return TRUE;
}

static gboolean
is_bare_account (const char *jid)
{
  return strchr (jid, '@') != NULL && ibb_jid_get_resource (jid) == NULL;
}

/* What the refusal of an open usually means, and what to do. (nullable) */
static const char *
get_open_advice (IBBCondition condition)
{
  switch (condition)
    {
    case IBB_CONDITION_SERVICE_UNAVAILABLE:
      return _ ("it is offline or its client does not support in-band bytestreams; check that the "
                "JID, resource included, is that of a client which is online and does");
    case IBB_CONDITION_FEATURE_NOT_IMPLEMENTED:
      return _ ("its client does not support in-band bytestreams, or not those in message stanzas");
    case IBB_CONDITION_RECIPIENT_UNAVAILABLE:
    case IBB_CONDITION_GONE:
      return _ ("it cannot be reached; try again when it is online");
    case IBB_CONDITION_ITEM_NOT_FOUND:
      return _ ("there is no such address, or it did not expect this session");
    case IBB_CONDITION_NOT_ACCEPTABLE:
      return _ ("it did not expect a session, has enough of them or its user declined; have it "
                "wait for one");
    case IBB_CONDITION_RESOURCE_CONSTRAINT:
      return _ ("it wants smaller blocks, or has no room for a session; choose a smaller block "
                "size");
    case IBB_CONDITION_POLICY_VIOLATION:
      return _ ("it goes against a rule of the server; wait before trying again");
    case IBB_CONDITION_REMOTE_SERVER_NOT_FOUND:
      return _ ("its server was not found; check the domain of the JID");
    case IBB_CONDITION_REMOTE_SERVER_TIMEOUT:
      return _ ("its server does not answer; try again later");
    case IBB_CONDITION_JID_MALFORMED:
      return _ ("the server does not take it for a JID; check its spelling");
    case IBB_CONDITION_FORBIDDEN:
    case IBB_CONDITION_NOT_ALLOWED:
    case IBB_CONDITION_NOT_AUTHORIZED:
    case IBB_CONDITION_REGISTRATION_REQUIRED:
    case IBB_CONDITION_SUBSCRIPTION_REQUIRED:
      return _ ("this account may not reach it; both may have to be in each other’s contact list");
    case IBB_CONDITION_BAD_REQUEST:
    case IBB_CONDITION_CONFLICT:
    case IBB_CONDITION_INTERNAL_SERVER_ERROR:
    case IBB_CONDITION_REDIRECT:
    case IBB_CONDITION_UNDEFINED_CONDITION:
    case IBB_CONDITION_UNEXPECTED_REQUEST:
    default:
      return NULL;
    }
}

/* The same for a block. (nullable) */
static const char *
get_block_advice (IBBCondition condition)
{
  switch (condition)
    {
    case IBB_CONDITION_ITEM_NOT_FOUND:
      return _ ("it no longer knows the session; open a new one");
    case IBB_CONDITION_SERVICE_UNAVAILABLE:
    case IBB_CONDITION_RECIPIENT_UNAVAILABLE:
    case IBB_CONDITION_GONE:
    case IBB_CONDITION_REMOTE_SERVER_NOT_FOUND:
      return _ ("it can no longer be reached; open a new session when it is back");
    case IBB_CONDITION_UNEXPECTED_REQUEST:
      return _ ("it takes the block for one that it has, or lost one before it; open a new "
                "session");
    case IBB_CONDITION_POLICY_VIOLATION:
    case IBB_CONDITION_RESOURCE_CONSTRAINT:
      return _ ("the blocks are too large or too many for it or for a server on the way; choose a "
                "smaller block size");
    case IBB_CONDITION_BAD_REQUEST:
    case IBB_CONDITION_CONFLICT:
    case IBB_CONDITION_FEATURE_NOT_IMPLEMENTED:
    case IBB_CONDITION_FORBIDDEN:
    case IBB_CONDITION_INTERNAL_SERVER_ERROR:
    case IBB_CONDITION_JID_MALFORMED:
    case IBB_CONDITION_NOT_ACCEPTABLE:
    case IBB_CONDITION_NOT_ALLOWED:
    case IBB_CONDITION_NOT_AUTHORIZED:
    case IBB_CONDITION_REDIRECT:
    case IBB_CONDITION_REGISTRATION_REQUIRED:
    case IBB_CONDITION_REMOTE_SERVER_TIMEOUT:
    case IBB_CONDITION_SUBSCRIPTION_REQUIRED:
    case IBB_CONDITION_UNDEFINED_CONDITION:
    default:
      return NULL;
    }
}

static char *
describe_refusal (const IBBFailure *failure, const char *peer)
{
  const char *name = ibb_condition_to_string (failure->condition);
  const char *advice = get_open_advice (failure->condition);

  /* The answer of an account's server to an IQ that is not for itself (D-03). */
  if (is_bare_account (peer) && (failure->condition == IBB_CONDITION_SERVICE_UNAVAILABLE ||
                                 failure->condition == IBB_CONDITION_FEATURE_NOT_IMPLEMENTED ||
                                 failure->condition == IBB_CONDITION_RECIPIENT_UNAVAILABLE))
    return g_strdup_printf (
        _ ("Peer “%s” cannot take the session, “%s”: a full JID with resource is needed, such as "
           "“%s/resource”; the presence of the peer, or its own client, shows which"),
        peer, name, peer);

  if (advice != NULL)
    return g_strdup_printf (_ ("Peer “%s” did not accept the session, “%s”: %s"), peer, name,
                            advice);

  return g_strdup_printf (_ ("Peer “%s” did not accept the session, “%s”"), peer, name);
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
    case IBB_FAILURE_RETRIES:
      if (failure->has_condition)
        return g_strdup_printf (_ ("Peer “%s” went on refusing a block, at last with “%s”: try "
                                   "again later, or allow more retries"),
                                peer, ibb_condition_to_string (failure->condition));
      return g_strdup_printf (_ ("Peer “%s” went on refusing a block: try again later, or allow "
                                 "more retries"),
                              peer);
    case IBB_FAILURE_PEER_CLOSED:
      return g_strdup_printf (_ ("Peer “%s” closed the session: it takes no more bytes, and what "
                                 "it has not acknowledged may not have reached it"),
                              peer);
    case IBB_FAILURE_PEER_ABORTED:
      return g_strdup_printf (_ ("Peer “%s” gave the session up: what arrived may not be the "
                                 "whole, so ask for it again"),
                              peer);
    case IBB_FAILURE_PEER_GONE:
      return g_strdup_printf (_ ("Peer “%s” no longer answers and is taken for gone: what it "
                                 "has not acknowledged may not have reached it"),
                              peer);
    case IBB_FAILURE_CLOSE_UNCONFIRMED:
      return g_strdup_printf (_ ("Peer “%s” did not confirm the end of the session: what it sent "
                                 "or received may not be the whole"),
                              peer);
    case IBB_FAILURE_OVERFLOW:
      return g_strdup_printf (_ ("Peer “%s” sent messages faster than they were read, so the "
                                 "session was ended: let it send IQ stanzas, which wait"),
                              peer);
    case IBB_FAILURE_IN_USE:
      return g_strdup_printf (_ ("A session with “%s” under this sid exists or is expected "
                                 "already: choose another sid"),
                              peer);
    case IBB_FAILURE_SEND_FAILED:
      return g_strdup_printf (_ ("The connection did not take a stanza of the session with “%s”"),
                              peer);
    case IBB_FAILURE_NONE:
    default:
      g_assert_not_reached ();
    }
}

static void
get_code (const IBBFailure *failure, GQuark *domain, int *code)
{
  *domain = G_IO_ERROR;

  switch (failure->kind)
    {
    case IBB_FAILURE_CLOSED:
    case IBB_FAILURE_ABORTED:
      *code = G_IO_ERROR_CLOSED;
      break;
    case IBB_FAILURE_STOPPED:
      *code = G_IO_ERROR_CANCELLED;
      break;
    case IBB_FAILURE_OPEN_TIMEOUT:
    case IBB_FAILURE_ACCEPT_TIMEOUT:
    case IBB_FAILURE_RETRIES:
      *code = G_IO_ERROR_TIMED_OUT;
      break;
    case IBB_FAILURE_PEER_CLOSED:
      *code = G_IO_ERROR_BROKEN_PIPE;
      break;
    case IBB_FAILURE_CONNECTION_LOST:
    case IBB_FAILURE_PEER_ABORTED:
    case IBB_FAILURE_PEER_GONE:
    case IBB_FAILURE_CLOSE_UNCONFIRMED:
      *code = G_IO_ERROR_CONNECTION_CLOSED;
      break;
    case IBB_FAILURE_IN_USE:
      *code = G_IO_ERROR_PENDING;
      break;
    case IBB_FAILURE_REFUSED:
    case IBB_FAILURE_CONDITION:
      *domain = IBB_ERROR;
      *code = (int) IBB_ERROR_BAD_REQUEST + (int) failure->condition;
      break;
    case IBB_FAILURE_PROTOCOL:
      *domain = IBB_ERROR;
      *code = IBB_ERROR_PROTOCOL;
      break;
    case IBB_FAILURE_OVERFLOW:
      *domain = IBB_ERROR;
      *code = IBB_ERROR_RESOURCE_CONSTRAINT;
      break;
    case IBB_FAILURE_SEND_FAILED:
      *domain = IBB_ERROR;
      *code = IBB_ERROR_FAILED;
      break;
    case IBB_FAILURE_NONE:
    default:
      g_assert_not_reached ();
    }
}

GError *
ibb_error_new_from_failure (const IBBFailure *failure, const char *peer, const char *sid)
{
  g_autofree char *message = NULL;
  GQuark           domain;
  int              code;

  if (failure->kind == IBB_FAILURE_NONE)
    return NULL;

  message = describe (failure, peer != NULL ? peer : "?");
  get_code (failure, &domain, &code);

  if (failure->text != NULL && failure->text[0] != '\0')
    {
      char *longer = g_strdup_printf (_ ("%s; the answer says “%s”"), message, failure->text);

      g_free (message);
      message = longer;
    }

  if (sid != NULL)
    {
      char *longer = g_strdup_printf (_ ("%s (sid “%s”)"), message, sid);

      g_free (message);
      message = longer;
    }

  return g_error_new_literal (domain, code, message);
}

/* The end of section 2.5 of the protocol's decisions. */
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

  return error != NULL ? ibb_error_to_stream_error (error) : NULL;
}
