/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The transfer of a file by stream initiation (XEP-0096), for programs without Jingle. */

#include "config.h"

#include "base/intl.h"
#include "files/ibb-files-transfer-private.h"
#include "files/protocol/description.h"
#include "files/protocol/initiation.h"

/* The answer to a stream initiation that nobody takes (XEP-0095 §4). */
static void
send_refusal (IBBFilesTransfer *self, const char *text)
{
  g_autofree char *id = g_steal_pointer (&self->request_id);
  g_autofree char *escaped = ibb_description_escape (text != NULL ? text : "Offer refused");
  g_autofree char *payload = g_strconcat ("<error type='cancel'>"
                                          "<forbidden xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>"
                                          "<text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>",
                                          escaped, "</text></error>", NULL);

  ibb_files_transfer_send (self, "error", id, payload);
}

static void
tell (IBBFilesTransfer *self, IBBReason reason, const char *text)
{
  if (self->request_id != NULL)
    send_refusal (self, text);
}

/* The sender. */

/* Stream initiation has one error for a person who refuses, and some programs use others. */
static GError *
new_answer_error (IBBFilesTransfer *self, GError *error)
{
  if (g_error_matches (error, IBB_ERROR, IBB_ERROR_FORBIDDEN) ||
      g_error_matches (error, IBB_ERROR, IBB_ERROR_NOT_ACCEPTABLE))
    {
      /* Translators: the second %s is a sentence: what was answered */
      GError *refused =
          g_error_new (IBB_ERROR, IBB_ERROR_FORBIDDEN, _ ("“%s” has refused the file (%s)"),
                       self->peer_jid, error->message);

      g_error_free (error);
      return refused;
    }
  return error;
}

static void
answered_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  IBBFilesTransfer     *self = user_data;
  GError               *error = NULL;
  g_autoptr (IBBStanza) answer =
      ibb_connection_query_finish (IBB_CONNECTION (object), result, &error);
  g_autoptr (IBBElement) element = answer != NULL ? ibb_stanza_dup_element (answer) : NULL;
  IBBElement            *si =
      element != NULL ? ibb_element_get_child (element, "si", IBB_INITIATION_NAMESPACE) : NULL;

  if (answer == NULL)
    ibb_files_transfer_fail (self, new_answer_error (self, error));
  else if (si == NULL || !ibb_initiation_read_answer (si))
    ibb_files_transfer_fail_misaccepted (self);
  if (ibb_files_transfer_end_call (self))
    ibb_files_transfer_open_session (self);
}

static void
offer (IBBFilesTransfer *self)
{
  g_autofree char      *payload = ibb_initiation_write_offer (self->sid, self->metadata);
  g_autoptr (IBBStanza) stanza = ibb_files_transfer_new_iq (self, "set", NULL, payload);

  ibb_files_transfer_begin_call (self);
  ibb_connection_query_async (self->connection, stanza, 0, self->cancellable, answered_cb, self);
}

static void
finish (IBBFilesTransfer *self)
{
  ibb_files_transfer_end (self, IBB_FILES_STATE_SENT);
}

/* The receiver. */

static void
accept (IBBFilesTransfer *self)
{
  g_autofree char *answer = ibb_initiation_write_answer ();

  ibb_files_transfer_expect_session (self);
  ibb_files_transfer_send (self, "result", self->request_id, answer);
  g_clear_pointer (&self->request_id, g_free);
  ibb_files_transfer_set_state (self, IBB_FILES_STATE_ACCEPTED);
}

static void
deliver (IBBFilesTransfer *self)
{
  ibb_files_transfer_end (self, IBB_FILES_STATE_DELIVERED);
}

const IBBFilesProtocol ibb_files_transfer_by_initiation = {
  .offer = offer,
  .finish = finish,
  .accept = accept,
  .deliver = deliver,
  .tell = tell,
};
