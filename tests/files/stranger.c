/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "files/disk/hasher.h"
#include "whole.h"

#include <string.h>

#define JINGLE "urn:xmpp:jingle:1"
#define FT "urn:xmpp:jingle:apps:file-transfer:5"
#define IBB "urn:xmpp:jingle:transports:ibb:1"
#define SI "http://jabber.org/protocol/si"
#define PROFILE SI "/profile/file-transfer"
#define FEATURE "http://jabber.org/protocol/feature-neg"
#define FORM "jabber:x:data"
#define INFO "http://jabber.org/protocol/disco#info"
#define HASHES "urn:xmpp:hashes:2"

typedef enum
{
  HASH_NONE,
  HASH_OFFERED,
  HASH_WRAPPED,    /* with the white space of some encoders */
  HASH_LATER,      /* in a checksum */
  HASH_LATER_PART, /* that of the bytes that were sent */
  HASH_WRONG,
  HASH_WRONG_LATER,
  HASH_WRONG_PART,
  HASH_MISSING, /* it was promised */
  N_HASHES
} Hash;

/* How a receiver answers. */
typedef enum
{
  ANSWER_TAKE,
  ANSWER_DECLINE,
  ANSWER_SOCKS5,
  ANSWER_NO_TRANSPORT,
  ANSWER_NO_BLOCK,
  ANSWER_BREAK_OFF, /* in the middle */
  ANSWER_NEVER_EXPECT,
  N_ANSWERS
} Answer;

/* One transfer. */
typedef struct
{
  WholeFile    *file;
  guint         offer;
  GBytes       *source; /* (unowned): what the sender sends */
  gboolean      is_sender;
  gboolean      is_jingle;
  char         *peer_jid;   /* (owned) */
  char         *sid;        /* (owned): of the in-band session */
  char         *jingle_sid; /* (owned): that of Jingle, or the id of the stream initiation */
  char         *content;    /* (owned) */
  Hash          hash;
  Answer        answer;
  gboolean      has_size;
  gboolean      has_range;
  gboolean      opens_early;
  gboolean      is_open;
  gboolean      closes_first; /* before it says how the file has ended */
  gboolean      says_success;
  gboolean      exceeds; /* the size */
  gboolean      is_over; /* the peer has ended it, or it was broken off */
  guint64       stops;   /* after so many bytes it breaks off */
  guint64       offset;
  IBBTransport *transport; /* (owned) (nullable) */
  GByteArray   *bytes;     /* (owned): sent or received */
} Exchange;

static struct
{
  WireConnection *connection;
  IBBService     *sessions;
  gboolean        has_jingle;
  GPtrArray      *exchanges; /* (element-type Exchange) */
  guint           n_ids;
} stranger;

static void
exchange_free (gpointer data)
{
  Exchange *self = data;

  g_free (self->peer_jid);
  g_free (self->sid);
  g_free (self->jingle_sid);
  g_free (self->content);
  g_clear_object (&self->transport);
  g_byte_array_unref (self->bytes);
  g_free (self);
}

/* Stanzas. */

G_GNUC_PRINTF (3, 4)
static void
say (const char *kind, Exchange *exchange, const char *format, ...)
{
  g_autofree char      *payload = NULL;
  g_autofree char      *xml = NULL;
  g_autoptr (IBBStanza) stanza = NULL;
  va_list               arguments;

  va_start (arguments, format);
  payload = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  xml = g_strdup_printf ("<iq type='%s' to='%s' id='s%u'>%s</iq>", kind, exchange->peer_jid,
                         ++stranger.n_ids, payload);
  stanza = ibb_stanza_new_from_xml (xml, -1, NULL);
  g_assert_nonnull (stanza);
  ibb_connection_send (IBB_CONNECTION (stranger.connection), stanza, NULL);
}

static void
answer (IBBStanza *request, const char *kind, const char *payload)
{
  g_autofree char *xml =
      g_strdup_printf ("<iq type='%s' to='%s' id='%s'>%s</iq>", kind, ibb_stanza_get_from (request),
                       ibb_stanza_get_id (request), payload);
  g_autoptr (IBBStanza) stanza = ibb_stanza_new_from_xml (xml, -1, NULL);

  ibb_connection_send (IBB_CONNECTION (stranger.connection), stanza, NULL);
}

static void
act (Exchange *self, const char *action, const char *children)
{
  say ("set", self, "<jingle xmlns='" JINGLE "' action='%s' sid='%s'>%s</jingle>", action,
       self->jingle_sid, children);
}

static void
terminate (Exchange *self, const char *reason)
{
  g_autofree char *children = g_strdup_printf ("<reason><%s/></reason>", reason);

  if (self->is_jingle && !self->is_over)
    act (self, "session-terminate", children);
  self->is_over = TRUE;
}

static char *
dup_content (Exchange *self, const char *file, const char *transport)
{
  return g_strdup_printf ("<content creator='initiator' name='%s' senders='initiator'>"
                          "<description xmlns='" FT "'><file>%s</file></description>%s</content>",
                          self->content, file, transport);
}

static char *
dup_hash (Exchange *self, guint64 offset)
{
  IBBHasher       *hasher = ibb_hasher_new ("sha-256");
  gsize            size;
  const guint8    *bytes = g_bytes_get_data (self->source, &size);
  g_autofree char *text = NULL;
  g_autofree char *hash = NULL;

  ibb_hasher_update (hasher, bytes + offset, size - offset);
  if (self->file->is_false)
    ibb_hasher_update (hasher, "x", 1);
  text = ibb_hasher_finish (hasher);
  ibb_hasher_free (hasher);
  if (self->hash == HASH_WRAPPED)
    hash = g_strdup_printf ("\n  %.20s\n  %s\n", text, text + 20);
  return g_strdup_printf ("<hash xmlns='" HASHES "' algo='sha-256'>%s</hash>",
                          hash != NULL ? hash : text);
}

/* The sender. */

static void
send_checksum (Exchange *self)
{
  gboolean is_part =
      (self->hash == HASH_LATER_PART || self->hash == HASH_WRONG_PART) && self->offset > 0;
  g_autofree char *hash = dup_hash (self, is_part ? self->offset : 0);
  g_autofree char *range =
      is_part
          ? g_strdup_printf ("<range offset='%" G_GUINT64_FORMAT "'>%s</range>", self->offset, hash)
          : NULL;
  g_autofree char *children =
      g_strdup_printf ("<checksum xmlns='" FT "' creator='initiator' name='%s'><file>%s</file>"
                       "</checksum>",
                       self->content, range != NULL ? range : hash);

  act (self, "session-info", children);
}

static void
say_end (Exchange *self)
{
  if (self->stops < g_bytes_get_size (self->file->bytes))
    terminate (self, whole_one_in (4) ? "cancel" : "connectivity-error");
  else if (self->says_success)
    terminate (self, "success");
}

static void
closed_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  g_io_stream_close_finish (G_IO_STREAM (object), result, NULL);
  if (stranger.exchanges != NULL && ((Exchange *) user_data)->closes_first)
    say_end (user_data);
  world.n_pending--;
}

static void
written_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  Exchange *self = user_data;
  gboolean  is_good =
      g_output_stream_write_all_finish (G_OUTPUT_STREAM (object), result, NULL, NULL);
  gboolean is_whole = self->stops >= g_bytes_get_size (self->file->bytes);

  world.n_pending--;
  if (!is_good || stranger.exchanges == NULL)
    return;
  if (is_whole && self->hash >= HASH_LATER && self->hash != HASH_WRONG &&
      self->hash != HASH_MISSING)
    send_checksum (self);
  if (!self->closes_first)
    say_end (self);
  world.n_pending++;
  g_io_stream_close_async (G_IO_STREAM (self->transport), G_PRIORITY_DEFAULT, NULL, closed_cb,
                           self);
}

static void
opened_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  Exchange     *self = user_data;
  IBBTransport *transport = ibb_service_open_session_finish (IBB_SERVICE (object), result, NULL);
  gsize         size;
  const guint8 *bytes;

  world.n_pending--;
  if (transport == NULL || stranger.exchanges == NULL)
    {
      g_clear_object (&transport);
      return;
    }
  self->transport = transport;
  bytes = g_bytes_get_data (self->source, &size);
  world.n_pending++;
  g_byte_array_append (self->bytes, bytes + self->offset,
                       (guint) (MAX (self->offset, MIN (size, self->stops)) - self->offset));
  if (self->exceeds)
    g_byte_array_append (self->bytes, (const guint8 *) "x", 1);
  g_output_stream_write_all_async (g_io_stream_get_output_stream (G_IO_STREAM (transport)),
                                   self->bytes->data, self->bytes->len, G_PRIORITY_DEFAULT, NULL,
                                   written_cb, self);
}

static void
open_session (Exchange *self)
{
  g_autoptr (IBBSessionParams) params = ibb_session_params_new ();

  if (self->is_open)
    return;
  self->is_open = TRUE;
  ibb_session_params_set_sid (params, self->sid);
  ibb_session_params_set_block_size (params, 4096);
  world.n_pending++;
  ibb_service_open_session_async (stranger.sessions, self->peer_jid, params, NULL, opened_cb, self);
}

static void
initiate (Exchange *self)
{
  gsize            size = g_bytes_get_size (self->file->bytes);
  g_autofree char *mark = whole_dup_mark (self->file);

  say ("set", self,
       "<si xmlns='" SI "' id='%s' profile='" PROFILE "'><file xmlns='" PROFILE
       "' name='%s' size='%" G_GSIZE_FORMAT "'><desc>%s</desc></file><feature xmlns='" FEATURE
       "'><x xmlns='" FORM "' type='form'><field var='stream-method' type='list-single'>"
       "<option><value>http://jabber.org/protocol/ibb</value></option></field></x></feature></si>",
       self->sid, self->file->name, size, mark);
  self->jingle_sid = g_strdup_printf ("s%u", stranger.n_ids);
}

static void
offer (Exchange *self)
{
  g_autofree char *mark = whole_dup_mark (self->file);
  g_autofree char *size =
      g_strdup_printf ("<size>%" G_GSIZE_FORMAT "</size>", g_bytes_get_size (self->file->bytes));
  g_autofree char *hash =
      self->hash == HASH_NONE ? NULL
      : self->hash == HASH_OFFERED || self->hash == HASH_WRAPPED || self->hash == HASH_WRONG
          ? dup_hash (self, 0)
          : g_strdup ("<hash-used xmlns='" HASHES "' algo='sha-256'/>");
  /* One that has changed has another date: one without a date may have changed. */
  g_autofree char *date = self->file->date != NULL && self->file->other == NULL
                              ? g_date_time_format (self->file->date, "<date>%FT%TZ</date>")
                              : g_strdup ("");
  g_autofree char *file = g_strdup_printf (
      "<name>%s</name>%s<desc>%s</desc>%s%s%s", self->file->name, self->has_size ? size : "", mark,
      date, self->has_range ? "<range/>" : "", hash != NULL ? hash : "");
  g_autofree char *transport =
      g_strdup_printf ("<transport xmlns='" IBB "' block-size='4096' sid='%s'/>", self->sid);
  g_autofree char *content = dup_content (self, file, transport);

  act (self, "session-initiate", content);
}

void
stranger_send (WholeFile *file)
{
  Exchange     *self = g_new0 (Exchange, 1);
  WholeProgram *receiver = &world.programs[file->receiver];
  gsize         size = g_bytes_get_size (file->bytes);

  turns_enter (WHOLE_STRANGER);
  self->file = file;
  self->is_sender = TRUE;
  self->is_jingle = whole_one_in (4) ? FALSE : TRUE;
  self->bytes = g_byte_array_new ();
  self->peer_jid = g_strdup (wire_connection_get_jid (receiver->connection));
  self->sid = g_strdup_printf ("t%u-%u", file->number, file->n_made);
  self->content = g_strdup ("c");
  self->hash = (Hash) random_below (&turns_random, N_HASHES);
  /* One file keeps to the truth, or to the lie. */
  if (!self->is_jingle)
    self->hash = HASH_NONE;
  if (file->is_false)
    {
      self->hash = HASH_WRONG + (Hash) random_below (&turns_random, 3);
      self->is_jingle = TRUE;
    }
  else if (self->hash >= HASH_WRONG && self->hash != HASH_MISSING)
    self->hash = HASH_LATER_PART;
  self->has_range = !whole_one_in (4);
  if (self->is_jingle && !file->is_false && file->is_left && whole_one_in (2))
    {
      self->hash = HASH_LATER_PART;
      self->has_range = TRUE;
    }
  if (file->is_unsettled && self->hash == HASH_LATER_PART && world.n_evils == 0)
    self->hash = HASH_LATER;
  self->source = file->other != NULL && whole_one_in (2) ? file->other : file->bytes;
  self->has_size = !self->is_jingle || !whole_one_in (10);
  self->opens_early = whole_one_in (6);
  self->closes_first = whole_one_in (2);
  self->says_success = whole_one_in (2);
  self->stops = whole_one_in (3) ? random_below (&turns_random, size + 1) : G_MAXUINT64;
  self->exceeds =
      self->hash < HASH_LATER && !self->says_success && self->stops >= size && whole_one_in (6);
  if (self->exceeds)
    file->bad_offer = file->n_made;
  if (self->exceeds || !self->has_size || self->stops < size || self->hash == HASH_MISSING ||
      file->other != NULL || file->date == NULL)
    file->is_free = FALSE;
  if (!self->has_range)
    file->is_lost = TRUE;
  g_ptr_array_add (stranger.exchanges, self);
  world.n_of_strangers++;
  if (self->is_jingle)
    {
      self->jingle_sid = g_strdup_printf ("j%u-%u", file->number, file->n_made);
      offer (self);
    }
  else
    initiate (self);
  turns_leave ();
}

/* The receiver. */

static void
send_received (Exchange *self)
{
  g_autofree char *children =
      g_strdup_printf ("<received xmlns='" FT "' creator='initiator' name='%s'/>", self->content);

  self->file->arrived = MAX (self->file->arrived, self->offer);
  act (self, "session-info", children);
}

static void
end_received (Exchange *self)
{
  gsize    size = g_bytes_get_size (self->file->bytes);
  gboolean is_whole = self->bytes->len == size &&
                      (size == 0 || memcmp (self->bytes->data,
                                            g_bytes_get_data (self->file->bytes, NULL), size) == 0);

  if (self->is_over)
    return;
  if (!is_whole)
    {
      terminate (self, "media-error");
      return;
    }
  self->file->is_elsewhere = TRUE;
  if (self->is_jingle && whole_one_in (2))
    send_received (self);
  if (self->is_jingle && whole_one_in (2))
    {
      self->file->arrived = MAX (self->file->arrived, self->offer);
      terminate (self, "success");
    }
}

static void
read_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  Exchange          *self = user_data;
  g_autoptr (GBytes) bytes =
      g_input_stream_read_bytes_finish (G_INPUT_STREAM (object), result, NULL);

  world.n_pending--;
  if (stranger.exchanges == NULL)
    return;
  if (bytes != NULL)
    g_byte_array_append (self->bytes, g_bytes_get_data (bytes, NULL),
                         (guint) g_bytes_get_size (bytes));
  if (self->answer == ANSWER_BREAK_OFF)
    {
      terminate (self, "cancel");
      ibb_transport_abort (self->transport);
    }
  else if (bytes != NULL && g_bytes_get_size (bytes) > 0)
    {
      world.n_pending++;
      g_input_stream_read_bytes_async (G_INPUT_STREAM (object), 65536, G_PRIORITY_DEFAULT, NULL,
                                       read_cb, self);
    }
  else
    {
      end_received (self);
      g_io_stream_close_async (G_IO_STREAM (self->transport), G_PRIORITY_DEFAULT, NULL, NULL, NULL);
    }
}

static void
expected_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  Exchange     *self = user_data;
  IBBTransport *transport = ibb_service_expect_session_finish (IBB_SERVICE (object), result, NULL);

  world.n_pending--;
  if (transport == NULL || stranger.exchanges == NULL)
    {
      g_clear_object (&transport);
      return;
    }
  self->transport = transport;
  world.n_pending++;
  g_input_stream_read_bytes_async (g_io_stream_get_input_stream (G_IO_STREAM (transport)), 65536,
                                   G_PRIORITY_DEFAULT, NULL, read_cb, self);
}

static void
expect (Exchange *self)
{
  g_autoptr (IBBSessionParams) params = ibb_session_params_new ();

  ibb_session_params_set_expect_timeout (params, 60000);
  world.n_pending++;
  ibb_service_expect_session_async (stranger.sessions, self->peer_jid, self->sid, params, NULL,
                                    expected_cb, self);
}

static void
accept (Exchange *self)
{
  g_autofree char *transport = NULL;
  g_autofree char *content = NULL;

  switch (self->answer)
    {
    case ANSWER_DECLINE:
      terminate (self, "decline");
      return;
    case ANSWER_SOCKS5:
      transport = g_strdup ("<transport xmlns='urn:xmpp:jingle:transports:s5b:1' sid='v'/>");
      break;
    case ANSWER_NO_TRANSPORT:
      transport = g_strdup ("");
      break;
    case ANSWER_NO_BLOCK:
      transport =
          g_strdup_printf ("<transport xmlns='" IBB "' sid='%s' block-size='0'/>", self->sid);
      break;
    case ANSWER_NEVER_EXPECT:
    case ANSWER_TAKE:
    case ANSWER_BREAK_OFF:
    default:
      transport =
          g_strdup_printf ("<transport xmlns='" IBB "' sid='%s' block-size='2048'/>", self->sid);
    }
  content = dup_content (self, "", transport);
  if (self->answer == ANSWER_TAKE || self->answer == ANSWER_BREAK_OFF)
    expect (self);
  act (self, "session-accept", content);
}

static Exchange *
begin_receiving (IBBStanza *request, const char *number)
{
  Exchange *self = g_new0 (Exchange, 1);

  self->file = whole_find_mark (number, &self->offer);
  self->peer_jid = g_strdup (ibb_stanza_get_from (request));
  self->bytes = g_byte_array_new ();
  self->answer = whole_one_in (2) ? ANSWER_TAKE : (Answer) random_below (&turns_random, N_ANSWERS);
  if (self->answer != ANSWER_TAKE)
    self->file->is_free = FALSE;
  g_ptr_array_add (stranger.exchanges, self);
  world.n_of_strangers++;
  return self;
}

static IBBElement *
get_path (IBBElement *element, const char *const *path)
{
  for (; element != NULL && path[0] != NULL; path += 2)
    element = ibb_element_get_child (element, path[0], path[1]);
  return element;
}

static void
take_offer (IBBStanza *request, IBBElement *jingle)
{
  const char *const desc[] = { "content", JINGLE, "description", FT, "file", FT, "desc", FT, NULL };
  const char *const transport[] = { "content", JINGLE, "transport", IBB, NULL };
  IBBElement       *content = ibb_element_get_child (jingle, "content", JINGLE);
  Exchange *self = begin_receiving (request, ibb_element_get_text (get_path (jingle, desc)));

  self->is_jingle = TRUE;
  self->jingle_sid = g_strdup (ibb_element_get_attribute (jingle, "sid"));
  self->content = g_strdup (ibb_element_get_attribute (content, "name"));
  self->sid = g_strdup (ibb_element_get_attribute (get_path (jingle, transport), "sid"));
  accept (self);
}

static void
take_initiation (IBBStanza *request, IBBElement *si)
{
  const char *const path[] = { "file", PROFILE, "desc", PROFILE, NULL };
  Exchange         *self = begin_receiving (request, ibb_element_get_text (get_path (si, path)));

  self->sid = g_strdup (ibb_element_get_attribute (si, "id"));
  if (self->answer == ANSWER_DECLINE)
    {
      answer (request, "error",
              "<error type='cancel'><forbidden xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>"
              "</error>");
      return;
    }
  if (self->answer == ANSWER_TAKE || self->answer == ANSWER_BREAK_OFF)
    expect (self);
  answer (request, "result",
          self->answer == ANSWER_SOCKS5
              ? "<si xmlns='" SI "'/>"
              : "<si xmlns='" SI "'><feature xmlns='" FEATURE "'><x xmlns='" FORM
                "' type='submit'><field var='stream-method'>"
                "<value>http://jabber.org/protocol/ibb</value></field></x></feature></si>");
}

/* Both. */

static Exchange *
find_exchange (IBBStanza *stanza, const char *sid)
{
  for (guint i = stranger.exchanges->len; i-- > 0;)
    {
      Exchange *exchange = g_ptr_array_index (stranger.exchanges, i);

      if (g_strcmp0 (exchange->jingle_sid, sid) == 0 &&
          g_strcmp0 (exchange->peer_jid, ibb_stanza_get_from (stanza)) == 0)
        return exchange;
    }
  return NULL;
}

static void
take_action (Exchange *self, IBBElement *jingle)
{
  const char       *action = ibb_element_get_attribute (jingle, "action");
  const char *const range[] = {
    "content", JINGLE, "description", FT, "file", FT, "range", FT, NULL
  };

  if (g_str_equal (action, "session-terminate"))
    self->is_over = TRUE;
  else if (g_str_equal (action, "session-accept") && self->is_sender)
    {
      IBBElement *element = get_path (jingle, range);
      const char *offset = element != NULL ? ibb_element_get_attribute (element, "offset") : NULL;

      self->offset = offset != NULL ? g_ascii_strtoull (offset, NULL, 10) : 0;
      open_session (self);
    }
}

static gboolean
heard_cb (IBBConnection *connection, IBBStanza *stanza, gpointer data)
{
  g_autoptr (IBBElement) element = ibb_stanza_dup_element (stanza);
  IBBElement            *jingle = ibb_element_get_child (element, "jingle", JINGLE);
  IBBElement            *si = ibb_element_get_child (element, "si", SI);
  const char            *kind = ibb_stanza_get_kind (stanza);
  Exchange              *exchange;

  if (g_strcmp0 (kind, "result") == 0)
    {
      exchange = find_exchange (stanza, ibb_stanza_get_id (stanza));
      if (exchange != NULL)
        open_session (exchange);
      return exchange != NULL;
    }
  if (g_strcmp0 (kind, "get") == 0 && ibb_element_get_child (element, "query", INFO) != NULL)
    {
      answer (stanza, "result",
              stranger.has_jingle ? "<query xmlns='" INFO "'><feature var='" JINGLE
                                    "'/><feature var='" FT "'/><feature var='" IBB "'/></query>"
                                  : "<query xmlns='" INFO "'><feature var='" SI
                                    "'/><feature var='" PROFILE "'/></query>");
      return TRUE;
    }
  if (g_strcmp0 (kind, "set") != 0 || (jingle == NULL && si == NULL))
    return FALSE;
  if (si != NULL)
    {
      take_initiation (stanza, si);
      return TRUE;
    }
  exchange = find_exchange (stanza, ibb_element_get_attribute (jingle, "sid"));
  if (exchange == NULL &&
      g_strcmp0 (ibb_element_get_attribute (jingle, "action"), "session-initiate") != 0)
    {
      answer (stanza, "error",
              "<error type='cancel'><item-not-found "
              "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>");
      return TRUE;
    }
  /* Dino opens before it has answered the accept. */
  if (exchange != NULL && exchange->opens_early)
    take_action (exchange, jingle);
  answer (stanza, "result", "");
  if (exchange == NULL)
    take_offer (stanza, jingle);
  else if (!exchange->opens_early)
    take_action (exchange, jingle);
  return TRUE;
}

void
stranger_start (void)
{
  turns_enter (WHOLE_STRANGER);
  stranger.n_ids = 0;
  stranger.has_jingle = whole_one_in (2);
  stranger.exchanges = g_ptr_array_new_with_free_func (exchange_free);
  stranger.connection = wire_connection_new (WHOLE_STRANGER, "client");
  stranger.sessions = ibb_service_new (IBB_CONNECTION (stranger.connection));
  g_signal_connect (stranger.connection, "stanza-received", G_CALLBACK (heard_cb), NULL);
  turns_leave ();
}

void
stranger_stop (void)
{
  GPtrArray *exchanges = g_steal_pointer (&stranger.exchanges);

  if (exchanges == NULL)
    return;
  turns_enter (WHOLE_STRANGER);
  g_signal_handlers_disconnect_by_func (stranger.connection, heard_cb, NULL);
  ibb_connection_set_state (IBB_CONNECTION (stranger.connection), IBB_CONNECTION_STATE_OFFLINE);
  ibb_service_stop (stranger.sessions);
  turns_leave ();
  turns_end_program (WHOLE_STRANGER);
  turns_enter (WHOLE_STRANGER);
  g_ptr_array_unref (exchanges);
  g_clear_object (&stranger.sessions);
  g_clear_object (&stranger.connection);
  turns_leave ();
  turns_end_program (WHOLE_STRANGER);
}
