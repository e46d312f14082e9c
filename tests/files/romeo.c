/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "romeo.h"

#include "../lib/script-error.h"

typedef FilesRun Run;

static gboolean
is_of (IBBStanza *stanza, const char *kind, const char *words)
{
  g_autofree char *xml = ibb_stanza_to_xml (stanza);

  return g_strcmp0 (ibb_stanza_get_kind (stanza), kind) == 0 &&
         (strstr (xml, words) != NULL || g_strcmp0 (ibb_stanza_get_id (stanza), words) == 0);
}

static gboolean
heard_cb (IBBConnection *connection, IBBStanza *stanza, Run *self)
{
  const char *id = ibb_stanza_get_id (stanza);

  /* The library answers what it is asked about features. */
  if (g_strcmp0 (ibb_stanza_get_kind (stanza), "get") == 0 && !self->is_asked &&
      (self->version == NULL || !is_of (stanza, "get", "jabber:iq:version")))
    return FALSE;
  if (self->version != NULL && is_of (stanza, "get", "jabber:iq:version"))
    send_xml (connection,
              "<iq type='result' to='" JULIET
              "' id='%s'><query xmlns='jabber:iq:version'>%s</query></iq>",
              id, self->version);
  else if (!self->is_mute && is_of (stanza, "set", "urn:xmpp:jingle:1") &&
           !(self->is_asked && is_of (stanza, "set", "session-info")))
    send_xml (connection, "<iq type='result' to='" JULIET "' id='%s'/>", id);
  g_ptr_array_add (self->heard, ibb_stanza_ref (stanza));
  return TRUE;
}

static guint
count (Run *self, const char *kind, const char *text)
{
  guint n = 0;

  for (guint i = self->heard->len; i-- > 0;)
    if (is_of (g_ptr_array_index (self->heard, i), kind, text))
      {
        n++;
        self->last = g_ptr_array_index (self->heard, i);
      }
  return n;
}

/* %ID is its id. */
static void
hear (Run *self, Words *words)
{
  const char *kind = words_take (words);
  const char *text = words_take_rest (words);

  wait_until (count (self, kind, text) > 0);
  script_define (g_strdup ("ID"), g_strdup (ibb_stanza_get_id (self->last)));
}

/* "heard N KIND TEXT": so many of them */
static void
check_heard (Run *self, Words *words)
{
  guint       n = words_take_number (words);
  const char *kind = words_take (words);

  g_assert_cmpuint (count (self, kind, words_take_rest (words)), ==, n);
}

/* What was said in answer to a request with that id, whether it was taken or not. */
static void
wait_for_answer (Run *self, Words *words)
{
  const char *id = words_take (words);

  wait_until (count (self, "result", id) + count (self, "error", id) > 0);
}

/* What was heard and offered so far. */
static void
forget (Run *self, Words *words)
{
  g_ptr_array_set_size (self->heard, 0);
  if (words_take_if (words, "offer"))
    g_clear_object (&self->offered);
}

/* "keep NAME ELEMENT ATTRIBUTE": %NAME is that of what was heard last. */
static void
keep (Run *self, Words *words)
{
  char            *name = g_strdup (words_take (words));
  g_autofree char *element = g_strconcat ("<", words_take (words), NULL);
  g_autofree char *start = g_strdup_printf (" %s=", words_take (words));
  g_autofree char *xml = ibb_stanza_to_xml (self->last);
  const char      *value = strstr (strstr (xml, element), start) + strlen (start);

  script_define (name, g_strndup (value + 1, (gsize) (strchr (value + 1, *value) - value - 1)));
}

static void
say (Run *self, Words *words)
{
  const char *kind = words_take (words);
  const char *id = words_take (words);

  send_xml (self->peer_connection, "<iq type='%s' to='" JULIET "' id='%s'>%s</iq>", kind, id,
            words_take_rest (words));
}

static IBBConnection *
get_other (Run *self, const char *jid)
{
  IBBConnection *other = g_hash_table_lookup (self->others, jid);

  if (other == NULL)
    g_hash_table_insert (self->others, g_strdup (jid),
                         other = ibb_loopback_attach (self->loopback, jid));
  return other;
}

/* "stanza-from JID STANZA" */
static void
let_other_say (Run *self, Words *words)
{
  IBBConnection *other = get_other (self, words_take (words));

  send_xml (other, "%s", words_take_rest (words));
}

/* "query JID PAYLOAD": a request, whose answer comes; "error" tells which. */
static void
let_other_query (Run *self, Words *words)
{
  IBBConnection        *other = get_other (self, words_take (words));
  g_autoptr (IBBStanza) request =
      new_stanza ("<iq type='set' to='" JULIET "'>%s</iq>", words_take_rest (words));
  g_autoptr (IBBStanza)    answer = NULL;
  g_autoptr (GAsyncResult) over = NULL;
  GAsyncResult            *result = NULL;

  g_clear_error (&self->error);
  ibb_connection_query_async (other, request, 0, NULL, store_result_cb, &result);
  over = wait_for_result (&result);
  answer = ibb_connection_query_finish (other, over, &self->error);
  self->n_refused += answer == NULL;
}

static void
check_kept_error (Run *self, Words *words)
{
  script_check_error (self->error, words);
}

static void
check_refused (Run *self, Words *words)
{
  g_assert_cmpuint (self->n_refused, ==, words_take_number (words));
}

/* He answers no request ("mute"), or hears questions about features, which the script answers. */
static void
set_manner (Run *self, Words *words)
{
  self->is_mute = words_take_if (words, "mute");
  self->is_asked = words_take_if (words, "asked");
}

static void
announce (Run *self, Words *words)
{
  while (words_peek (words) != NULL)
    ibb_connection_add_feature (self->peer_connection, words_take (words));
}

/* "program [CHILDREN]": the answer to XEP-0092. The service would announce that the program is one
 * of this library. */
static void
set_program (Run *self, Words *words)
{
  g_clear_object (&self->peer);
  if (words_peek (words) != NULL)
    self->version = g_strdup (words_take_rest (words));
}

static void
start_service (Run *self, Words *words)
{
  self->peer = ibb_service_new (self->peer_connection);
}

static const ScriptWord calls[] = {
  SCRIPT_WORD ("<", say),
  SCRIPT_WORD (">", hear),
  SCRIPT_WORD ("announce", announce),
  SCRIPT_WORD ("answer", wait_for_answer),
  SCRIPT_WORD ("error", check_kept_error),
  SCRIPT_WORD ("forget", forget),
  SCRIPT_WORD ("heard", check_heard),
  SCRIPT_WORD ("keep", keep),
  SCRIPT_WORD ("romeo", set_manner),
  SCRIPT_WORD ("stanza-from", let_other_say),
  SCRIPT_WORD ("program", set_program),
  SCRIPT_WORD ("query", let_other_query),
  SCRIPT_WORD ("refused", check_refused),
  SCRIPT_WORD ("service", start_service),
};

gboolean
romeo_call (FilesRun *self, const char *name, Words *words)
{
  return SCRIPT_CALL (calls, self, name, words);
}

void
romeo_set_up (FilesRun *self)
{
  self->peer_connection = ibb_loopback_attach (self->loopback, ROMEO);
  self->peer = ibb_service_new (self->peer_connection);
  self->others = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, drop_and_wait);
  g_hash_table_insert (self->others, g_strdup (ROMEO), self->peer_connection);
  self->heard = g_ptr_array_new_with_free_func ((GDestroyNotify) ibb_stanza_unref);
  g_signal_connect (self->peer_connection, "stanza-received", G_CALLBACK (heard_cb), self);
}

void
romeo_tear_down (FilesRun *self)
{
  if (self->peer != NULL)
    g_assert_finalize_object (self->peer);
  g_signal_handlers_disconnect_by_data (self->peer_connection, self);
  g_hash_table_unref (self->others);
  g_ptr_array_unref (self->heard);
  g_free (self->version);
}
