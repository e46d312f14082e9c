/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/reception.h"

#include "base/intl.h"
#include "ibb-error.h"
#include "stanza/capabilities.h"
#include "xmpp/stream/stream-xml.h"

static void
send_answer (const IBBReception *self, IBBStanza *answer)
{
  if (answer == NULL)
    return;

  ibb_outbox_send_answer (self->outbox, answer);
  ibb_stanza_unref (answer);
}

/* Returns FALSE if the stanza is for nobody here. For its sender an address that the application
 * does not have is like an account that a server does not have (RFC 6121 §8.5.1). */
static gboolean
is_for_us (const IBBReception *self, const IBBStanza *stanza)
{
  IBBAddress address = IBB_ADDRESS_KNOWN;

  if (self->addresses != NULL)
    address = ibb_addresses_look_up (self->addresses, stanza->to);
  if (address == IBB_ADDRESS_UNKNOWN)
    send_answer (self, ibb_stanza_record_new_refusal (stanza, IBB_CONDITION_SERVICE_UNAVAILABLE));
  return address == IBB_ADDRESS_KNOWN;
}

IBBStanza *
ibb_reception_create_presence (const IBBReception *self, IBBConnection *connection, int priority)
{
  g_autofree char *ver = ibb_connection_dup_capabilities (connection);
  g_autofree char *text = ibb_stream_xml_dup_presence (priority, IBB_CAPABILITIES_NODE, ver);

  return ibb_stanza_new_from_xml (text, -1, NULL);
}

/* A server answers a probe for its clients. For a component it does not. */
static IBBStanza *
answer_probe (const IBBReception *self, IBBConnection *connection, const IBBStanza *probe)
{
  IBBStanza *presence;

  if (self->addresses == NULL || probe->name != IBB_STANZA_PRESENCE || probe->from == NULL ||
      !ibb_stanza_record_is_kind (probe, "probe"))
    return NULL;

  presence = ibb_reception_create_presence (self, connection, 0);
  presence->to = g_strdup (probe->from);
  presence->from = g_strdup (probe->to);
  return presence;
}

static void
deliver (const IBBReception *self, IBBConnection *connection, IBBStanza *stanza)
{
  if (!ibb_status_deliver (self->status, stanza))
    send_answer (self, ibb_stanza_record_new_refusal (stanza, IBB_CONDITION_RESOURCE_CONSTRAINT));
}

static void
note_presence (const IBBReception *self, const IBBStanza *stanza)
{
  g_autofree char *local_jid = NULL;

  if (self->presences == NULL || stanza->name != IBB_STANZA_PRESENCE)
    return;
  local_jid = ibb_status_dup_local_jid (self->status);
  if (ibb_presences_take (self->presences, stanza, local_jid))
    ibb_status_note_presences (self->status);
}

gboolean
ibb_reception_check (const IBBReception *self, const IBBStanza *stanza, GError **error)
{
  if (self->addresses == NULL || stanza->from != NULL)
    return TRUE;

  g_set_error_literal (
      error, IBB_ERROR, IBB_ERROR_PROTOCOL,
      _ ("The server sent a component a stanza without the address of its sender"));
  return FALSE;
}

/* Tries, in this order: answers to our own requests, the services, requests that are answered
 * here, the application. The rest gets an error. */
void
ibb_reception_take (const IBBReception *self, IBBConnection *connection, IBBStanza *stanza)
{
  IBBStanza *answer;

  if (!is_for_us (self, stanza) || ibb_keepalive_take_pong (self->keepalive, stanza) ||
      ibb_connection_offer (connection, stanza))
    return;

  note_presence (self, stanza);
  answer = answer_probe (self, connection, stanza);
  if (answer == NULL)
    answer = ibb_connection_create_answer (connection, stanza);
  if (answer != NULL)
    send_answer (self, answer);
  else if (!ibb_connection_has_receiver (connection, stanza))
    send_answer (self, ibb_stanza_record_new_unknown (stanza));
  else
    deliver (self, connection, stanza);
}
