/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "played.h"

#include <string.h>

void
say (Peers *self, const char *format, ...)
{
  g_autofree char      *xml = NULL;
  g_autoptr (IBBStanza) stanza = NULL;
  va_list               arguments;

  va_start (arguments, format);
  xml = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  stanza = assert_succeeds (ibb_stanza_new_from_xml, xml, -1);
  assert_succeeds (ibb_connection_send, self->peer_connection, stanza);
}

gboolean
is_of (IBBStanza *stanza, const char *kind, const char *words)
{
  g_autofree char *xml = ibb_stanza_to_xml (stanza);

  return g_strcmp0 (ibb_stanza_get_kind (stanza), kind) == 0 &&
         (strstr (xml, words) != NULL || g_strcmp0 (ibb_stanza_get_id (stanza), words) == 0);
}

void
say_error (
    Peers *self, const char *id, const char *type, const char *condition, const char *children)
{
  say (self,
       "<iq type='error' to='" JULIET "' id='%s'><error type='%s'><%s "
       "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>%s</error></iq>",
       id, type, condition, children);
}

static gboolean
heard_cb (IBBConnection *connection, IBBStanza *stanza, Peers *self)
{
  /* The library answers what it is asked about features. */
  if (g_strcmp0 (ibb_stanza_get_kind (stanza), "get") == 0 && !self->hears_questions &&
      (self->version == NULL || !is_of (stanza, "get", "jabber:iq:version")))
    return FALSE;
  if (self->version != NULL && is_of (stanza, "get", "jabber:iq:version"))
    say (self,
         "<iq type='result' to='" JULIET
         "' id='%s'><query xmlns='jabber:iq:version'>%s</query></iq>",
         ibb_stanza_get_id (stanza), self->version);
  else if (!self->is_mute && is_of (stanza, "set", "urn:xmpp:jingle:1") &&
           !(self->hears_questions && is_of (stanza, "set", "session-info")))
    say (self, "<iq type='result' to='" JULIET "' id='%s'/>", ibb_stanza_get_id (stanza));
  g_ptr_array_add (self->heard, ibb_stanza_ref (stanza));
  return TRUE;
}

IBBStanza *
find (Peers *self, const char *kind, const char *words)
{
  for (guint i = 0; i < self->heard->len; i++)
    if (is_of (g_ptr_array_index (self->heard, i), kind, words))
      return g_ptr_array_index (self->heard, i);
  return NULL;
}

const char *
hear (Peers *self, const char *kind, const char *words)
{
  wait_until (find (self, kind, words) != NULL);
  return ibb_stanza_get_id (find (self, kind, words));
}

char *
dup_value (IBBStanza *stanza, const char *element, const char *name)
{
  g_autofree char *xml = ibb_stanza_to_xml (stanza);
  g_autofree char *start = g_strdup_printf (" %s=", name);
  const char      *value = strstr (xml, element);
  const char      *quote;

  g_assert_nonnull (value);
  value = strstr (value, start);
  g_assert_nonnull (value);
  quote = value + strlen (start);
  return g_strndup (quote + 1, (gsize) (strchr (quote + 1, *quote) - quote - 1));
}

static gboolean
offered_cb (IBBFilesService *service, IBBFilesTransfer *transfer, Peers *self)
{
  g_ptr_array_add (self->all_offered, g_object_ref (transfer));
  g_set_object (&self->offered, transfer);
  return TRUE;
}

void
set_up (Peers *self, gconstpointer data)
{
  self->loopback = ibb_loopback_new ();
  self->own_connection = ibb_loopback_attach (self->loopback, JULIET);
  self->own = ibb_files_service_new (self->own_connection);
  g_signal_connect (self->own, "file-offered", G_CALLBACK (offered_cb), self);
  self->peer_connection = ibb_loopback_attach (self->loopback, ROMEO);
  self->peer = ibb_service_new (self->peer_connection);
  self->heard = g_ptr_array_new_with_free_func ((GDestroyNotify) ibb_stanza_unref);
  g_signal_connect (self->peer_connection, "stanza-received", G_CALLBACK (heard_cb), self);
  self->all_offered = g_ptr_array_new_with_free_func (g_object_unref);
  self->bytes = make_bytes (SIZE, 1);
  self->folder = assert_succeeds (g_dir_make_tmp, "ibb-files-XXXXXX");
}

void
tear_down (Peers *self, gconstpointer data)
{
  g_autofree char *command = g_strdup_printf ("rm -r '%s'", self->folder);

  for (guint i = 0; i < self->all_offered->len; i++)
    ibb_files_transfer_cancel (g_ptr_array_index (self->all_offered, i));
  g_clear_object (&self->offered);
  g_ptr_array_unref (self->all_offered);
  run_pending ();
  g_assert_finalize_object (self->own);
  if (self->peer != NULL)
    g_assert_finalize_object (self->peer);
  g_signal_handlers_disconnect_by_data (self->peer_connection, self);
  drop_and_wait (self->own_connection);
  drop_and_wait (self->peer_connection);
  g_assert_finalize_object (self->loopback);
  g_ptr_array_unref (self->heard);
  g_bytes_unref (self->bytes);
  g_assert_cmpint (system (command), ==, 0);
  g_free (self->folder);
}

char *
get_path (Peers *self)
{
  return g_build_filename (self->folder, "file", NULL);
}

void
accept_file (Peers *self, GAsyncResult **result)
{
  g_autofree char  *path = get_path (self);
  g_autoptr (GFile) file = g_file_new_for_path (path);

  wait_until (self->offered != NULL);
  ibb_files_transfer_accept_file_async (self->offered, file, IBB_FILES_EXISTING_FAIL, NULL,
                                        store_result_cb, result);
}

gboolean
is_empty (Peers *self)
{
  g_autoptr (GDir) dir = assert_succeeds (g_dir_open, self->folder, 0);

  return g_dir_read_name (dir) == NULL;
}

void
assert_received (Peers *self, GAsyncResult **result)
{
  g_autofree char *path = get_path (self);
  g_autofree char *content = NULL;
  gsize            length;

  assert_result (ibb_files_transfer_accept_file_finish, self->offered, result);
  g_assert_cmpint (ibb_files_transfer_get_state (self->offered), ==, IBB_FILES_STATE_DELIVERED);
  assert_succeeds (g_file_get_contents, path, &content, &length);
  g_assert_cmpmem (content, length, g_bytes_get_data (self->bytes, NULL), SIZE);
}

void
assert_lost (Peers *self, GQuark domain, int code, GAsyncResult **result)
{
  assert_result_fails (domain, code, ibb_files_transfer_accept_file_finish, self->offered, result);
  g_assert_true (is_empty (self));
}

IBBTransport *
open_session (Peers *self)
{
  g_autoptr (IBBSessionParams) params = ibb_session_params_new ();
  GAsyncResult                *result = NULL;

  ibb_session_params_set_sid (params, "t1");
  ibb_session_params_set_block_size (params, 4096);
  ibb_service_open_session_async (self->peer, JULIET, params, NULL, store_result_cb, &result);
  return assert_result (ibb_service_open_session_finish, self->peer, &result);
}

void
write_bytes_of (Peers *self, IBBTransport *transport, gsize from, gsize length)
{
  const guint8 *data = g_bytes_get_data (self->bytes, NULL);

  write_bytes (transport, data + from, length);
}

void
offer_by_initiation (Peers *self, const char *size)
{
  say (self,
       "<iq type='set' to='" JULIET "' id='initiation'><si xmlns='" SI "' id='t1' profile='" PROFILE
       "'><file xmlns='" PROFILE "' name='../f' %s/><feature "
       "xmlns='http://jabber.org/protocol/feature-neg'><x xmlns='jabber:x:data' type='form'>"
       "<field var='stream-method' type='list-single'>"
       "<option><value>http://jabber.org/protocol/bytestreams</value></option>"
       "<option><value>http://jabber.org/protocol/ibb</value></option></field></x></feature></si>"
       "</iq>",
       size);
}

IBBTransport *
begin_initiation (Peers *self, const char *size, GAsyncResult **result)
{
  offer_by_initiation (self, size);
  accept_file (self, result);
  hear (self, "result", "<value>http://jabber.org/protocol/ibb</value>");
  return open_session (self);
}

void
offer_by_jingle (Peers *self, const char *sid, const char *more)
{
  say (self,
       "<iq type='set' to='" JULIET "' id='offer-%s'><jingle xmlns='urn:xmpp:jingle:1' "
       "action='session-initiate' initiator='" ROMEO "' sid='%s'><content creator='initiator' "
       "name='c' senders='initiator'><description xmlns='" FT
       "'><file><name>f</name><size>20000</size>%s</file></description><transport xmlns='" IBB
       "' block-size='4096' sid='t1'/></content></jingle></iq>",
       sid, sid, more);
}

IBBTransport *
begin_jingle (Peers *self, const char *more, GAsyncResult **result)
{
  offer_by_jingle (self, "s1", more);
  accept_file (self, result);
  hear (self, "set", "session-accept");
  return open_session (self);
}

void
send_action (Peers *self, const char *sid, const char *action, const char *children)
{
  say (self,
       "<iq type='set' to='" JULIET "' id='%s'><jingle xmlns='urn:xmpp:jingle:1' action='%s' "
       "sid='%s'>%s</jingle></iq>",
       action, action, sid, children);
}

void
send_checksum (Peers *self, const char *hashes)
{
  g_autofree char *checksum = g_strdup_printf (
      "<checksum xmlns='" FT "' creator='initiator' name='c'><file>%s</file></checksum>", hashes);

  send_action (self, "s1", "session-info", checksum);
}

void
send_action_anew (
    Peers *self, const char *resource, const char *sid, const char *action, const char *children)
{
  g_autofree char          *jid = g_strdup_printf ("romeo@montague.example/%s", resource);
  g_autoptr (IBBConnection) connection = ibb_loopback_attach (self->loopback, jid);
  g_autofree char          *xml =
      g_strdup_printf ("<iq type='set' to='" JULIET "'><jingle xmlns='urn:xmpp:jingle:1' sid='%s' "
                       "action='%s'>%s</jingle></iq>",
                       sid, action, children);
  g_autoptr (IBBStanza) request = assert_succeeds (ibb_stanza_new_from_xml, xml, -1);
  g_autoptr (IBBStanza) answer = NULL;
  GAsyncResult         *result = NULL;

  ibb_connection_query_async (connection, request, 0, NULL, store_result_cb, &result);
  answer = assert_result (ibb_connection_query_finish, connection, &result);
}
