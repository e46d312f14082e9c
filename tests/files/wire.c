/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "wire.h"

#include <string.h>

#define LATENCY_MAX 60000                /* µs */
#define NOTICE_MAX (20 * G_USEC_PER_SEC) /* until an end notices that the XML stream is broken */
#define LOGIN_MAX (10 * G_USEC_PER_SEC)

/* The way of a stanza between a client and the server. */
typedef struct
{
  gint64  last; /* when the last one arrives */
  guint64 n_sent;
  guint64 n_arrived;
  guint64 n_lasts; /* how many arrive at all */
} Way;

/* One login. */
typedef struct
{
  gatomicrefcount ref_count;
  WireConnection *client; /* (unowned) (nullable) */
  guint           program;
  char           *jid; /* (owned) */
  Way             up;
  Way             down;
  GPtrArray      *held; /* (element-type utf8): what has come while the client was suspended */
  gboolean        is_broken;
} Stream;

struct _WireConnection
{
  GObject  parent_instance;
  guint    program;
  char    *resource; /* (owned) (nullable): of the next login */
  char    *jid;      /* (owned) (nullable) */
  Stream  *stream;   /* (owned) (nullable): while the client takes it for one */
  gboolean is_suspended;
  guint    stanza_limit;
};

typedef struct
{
  Stream  *stream; /* (owned) */
  guint64  number;
  gboolean is_up;
  char    *xml; /* (owned) */
} Parcel;

static struct
{
  GHashTable *streams; /* (element-type utf8 Stream) */
  gboolean    is_verbose;
  guint64     n_parcels;
} server;

void (*wire_heard) (guint program, IBBStanza *stanza);
void (*wire_said) (guint program, const char *xml);

static void connection_iface_init (IBBConnectionInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (WireConnection,
                               wire_connection,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (IBB_TYPE_CONNECTION, connection_iface_init))

enum
{
  PROP_0,
  PROP_LOCAL_JID,
};

static Stream *
stream_ref (Stream *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

static void
stream_unref (gpointer data)
{
  Stream *self = data;

  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_free (self->jid);
  g_ptr_array_unref (self->held);
  g_free (self);
}

static void
parcel_free (gpointer data)
{
  Parcel *self = data;

  stream_unref (self->stream);
  g_free (self->xml);
  g_free (self);
}

static void
trace (const char *words, const Stream *stream, const char *xml)
{
  if (server.is_verbose)
    g_printerr ("%10.3f %s %s: %.700s\n", (double) g_get_monotonic_time () / G_USEC_PER_SEC, words,
                stream->jid, xml);
}

/* Stanzas. */

static void arrive (gpointer data);

static void
carry (Stream *stream, gboolean is_up, const char *xml)
{
  Way    *way = is_up ? &stream->up : &stream->down;
  Parcel *parcel = g_new (Parcel, 1);
  gint64  now = g_get_monotonic_time ();
  gint64  time = now + random_between (&turns_random, 100, LATENCY_MAX);

  *parcel = (Parcel){ stream_ref (stream), ++way->n_sent, is_up, g_strdup (xml) };
  way->last = MAX (way->last, time);
  turns_call_after (is_up ? TURNS_NOBODY : stream->program, way->last - now, arrive, parcel,
                    parcel_free);
}

static char *
get_attribute (const char *xml, const char *name)
{
  g_autofree char *head = g_strndup (xml, strcspn (xml, ">"));
  g_autofree char *start = g_strdup_printf (" %s=", name);
  char            *value = strstr (head, start);

  if (value == NULL)
    return NULL;
  value += strlen (start);
  return g_strndup (value + 1, (gsize) (strchr (value + 1, *value) - value - 1));
}

/* As the server does (RFC 6120 §8.1.2.1). */
static char *
stamp (const char *xml, const char *from)
{
  gsize            head = strcspn (xml, " />");
  g_autofree char *old = get_attribute (xml, "from");
  GString         *stamped = g_string_new_len (xml, (gssize) head);

  if (old != NULL)
    {
      const char *place = strstr (xml, " from=");

      g_string_append_len (stamped, xml + head, place - xml - (gssize) head);
      head = (gsize) (place - xml) + strlen (" from=''") + strlen (old);
    }
  g_string_append_printf (stamped, " from='%s'%s", from, xml + head);
  return g_string_free (stamped, FALSE);
}

static char *
new_reply (const char *xml, const char *type, const char *from, const char *payload)
{
  g_autofree char *id = get_attribute (xml, "id");
  g_autofree char *to = get_attribute (xml, "from");

  return g_strdup_printf ("<iq xmlns='jabber:client' type='%s' id='%s' from='%s' to='%s'>%s</iq>",
                          type, id, from, to != NULL ? to : "", payload);
}

static gboolean
is_request (const char *xml)
{
  g_autofree char *type = get_attribute (xml, "type");

  return g_str_has_prefix (xml, "<iq") &&
         (g_strcmp0 (type, "set") == 0 || g_strcmp0 (type, "get") == 0);
}

static char *
new_error (const char *xml, const char *from, const char *condition)
{
  g_autofree char *payload = g_strdup_printf ("<error type='cancel'><%s xmlns="
                                              "'urn:ietf:params:xml:ns:xmpp-stanzas'/></error>",
                                              condition);

  return new_reply (xml, "error", from, payload);
}

static void
route (Stream *sender, const char *xml)
{
  g_autofree char *to = get_attribute (xml, "to");
  g_autofree char *stamped = stamp (xml, sender->jid);
  Stream          *stream = to != NULL ? g_hash_table_lookup (server.streams, to) : NULL;

  if (stream != NULL)
    carry (stream, FALSE, stamped);
  else if (is_request (xml))
    {
      g_autofree char *error =
          new_error (stamped, to != NULL ? to : "server.example", "service-unavailable");

      carry (sender, FALSE, error);
    }
}

static void
answer (Stream *stream, const char *xml)
{
  g_autofree char *from = get_attribute (xml, "to");
  g_autofree char *reply = NULL;

  if (!is_request (xml))
    return;
  if (strstr (xml, "http://jabber.org/protocol/disco#info") != NULL)
    {
      g_auto (GStrv)      features = ibb_connection_dup_features (IBB_CONNECTION (stream->client));
      g_autoptr (GString) payload =
          g_string_new ("<query xmlns='http://jabber.org/protocol/disco#info'>");

      for (guint i = 0; features[i] != NULL; i++)
        g_string_append_printf (payload, "<feature var='%s'/>", features[i]);
      g_string_append (payload, "</query>");
      reply = new_reply (xml, "result", from, payload->str);
    }
  else
    reply = new_error (xml, from, "service-unavailable");
  carry (stream, TRUE, reply);
}

static void
deliver (Stream *stream, const char *xml)
{
  g_autoptr (WireConnection) client = g_object_ref (stream->client);
  g_autoptr (GError)         error = NULL;
  g_autoptr (IBBStanza)      stanza = ibb_stanza_new_from_xml (xml, -1, &error);

  g_assert_no_error (error);
  trace ("to", stream, xml);
  if (wire_heard != NULL)
    wire_heard (stream->program, stanza);
  if (!ibb_connection_receive (IBB_CONNECTION (client), stanza) && stream->client != NULL)
    answer (stream, xml);
}

static void
arrive (gpointer data)
{
  Parcel *parcel = data;
  Way    *way = parcel->is_up ? &parcel->stream->up : &parcel->stream->down;

  if (parcel->number > way->n_lasts)
    return;
  if (!parcel->is_up && parcel->stream->client != NULL && parcel->stream->client->is_suspended)
    {
      g_ptr_array_add (parcel->stream->held, g_strdup (parcel->xml));
      return;
    }
  way->n_arrived = parcel->number;
  if (parcel->is_up)
    route (parcel->stream, parcel->xml);
  else if (parcel->stream->client != NULL)
    deliver (parcel->stream, parcel->xml);
}

/* Streams. */

/* The server says that a client is gone, as it says to the contacts of an account. */
static void
end_stream (gpointer data)
{
  Stream          *self = data;
  GHashTableIter   iter;
  gpointer         other;
  g_autofree char *xml =
      g_strdup_printf ("<presence xmlns='jabber:client' type='unavailable' from='%s'/>", self->jid);

  if (g_hash_table_lookup (server.streams, self->jid) != self)
    return;
  g_hash_table_remove (server.streams, self->jid);
  g_hash_table_iter_init (&iter, server.streams);
  while (g_hash_table_iter_next (&iter, NULL, &other))
    carry (other, FALSE, xml);
}

static void
cut (Stream *self)
{
  if (self->is_broken)
    return;
  self->is_broken = TRUE;
  self->up.n_lasts = (guint64) random_between (&turns_random, (gint64) self->up.n_arrived,
                                               (gint64) self->up.n_sent);
  self->down.n_lasts = (guint64) random_between (&turns_random, (gint64) self->down.n_arrived,
                                                 (gint64) self->down.n_sent);
  turns_call_after (TURNS_NOBODY, (gint64) random_scaled (&turns_random, 0, NOTICE_MAX), end_stream,
                    stream_ref (self), stream_unref);
}

static void
log_in (gpointer data)
{
  WireConnection *self = data;
  Stream         *stream = g_new0 (Stream, 1);
  Stream         *old;

  g_atomic_ref_count_init (&stream->ref_count);
  stream->client = self;
  stream->program = self->program;
  stream->held = g_ptr_array_new_with_free_func (g_free);
  stream->up.n_lasts = stream->down.n_lasts = G_MAXUINT64;
  g_free (self->jid);
  self->jid = g_strdup_printf ("user%u@server.example/%s", self->program, self->resource);
  stream->jid = g_strdup (self->jid);
  old = g_hash_table_lookup (server.streams, self->jid);
  if (old != NULL)
    end_stream (old);
  g_hash_table_insert (server.streams, stream->jid, stream_ref (stream));
  self->stream = stream;
  g_object_notify (G_OBJECT (self), "local-jid");
  ibb_connection_set_state (IBB_CONNECTION (self), IBB_CONNECTION_STATE_ONLINE);
}

static void
leave (WireConnection *self)
{
  if (self->stream != NULL)
    self->stream->client = NULL;
  g_clear_pointer (&self->stream, stream_unref);
}

static void
notice (gpointer data)
{
  WireConnection    *self = data;
  g_autoptr (GError) error = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE, "It broke");

  leave (self);
  self->is_suspended = FALSE;
  ibb_connection_set_state_with_error (IBB_CONNECTION (self),
                                       self->resource != NULL || random_below (&turns_random, 2) > 0
                                           ? IBB_CONNECTION_STATE_CONNECTING
                                           : IBB_CONNECTION_STATE_OFFLINE,
                                       error);
  if (self->resource != NULL)
    turns_call_after (self->program, (gint64) random_scaled (&turns_random, 1000, LOGIN_MAX),
                      log_in, g_object_ref (self), g_object_unref);
}

void
wire_break (WireConnection *self, const char *resource)
{
  if (self->stream == NULL || self->stream->is_broken)
    return;
  cut (self->stream);
  g_free (self->resource);
  self->resource = g_strdup (resource);
  turns_call_after (self->program, (gint64) random_scaled (&turns_random, 0, NOTICE_MAX), notice,
                    g_object_ref (self), g_object_unref);
}

void
wire_kill (WireConnection *self)
{
  if (self->stream != NULL)
    cut (self->stream);
  leave (self);
}

static void
go_on (gpointer data)
{
  WireConnection *self = data;
  Stream         *stream;

  if (!self->is_suspended)
    return;
  self->is_suspended = FALSE;
  stream = stream_ref (self->stream);
  ibb_connection_set_state (IBB_CONNECTION (self), IBB_CONNECTION_STATE_ONLINE);
  for (guint i = 0; i < stream->held->len && stream->client != NULL; i++)
    deliver (stream, g_ptr_array_index (stream->held, i));
  g_ptr_array_set_size (stream->held, 0);
  stream_unref (stream);
}

void
wire_suspend (WireConnection *self)
{
  if (self->stream == NULL || self->stream->is_broken || self->is_suspended)
    return;
  self->is_suspended = TRUE;
  ibb_connection_set_state (IBB_CONNECTION (self), IBB_CONNECTION_STATE_SUSPENDED);
  turns_call_after (self->program, (gint64) random_scaled (&turns_random, 1000, NOTICE_MAX), go_on,
                    g_object_ref (self), g_object_unref);
}

/* Connections. */

static gboolean
wire_connection_send (IBBConnection *connection, IBBStanza *stanza, GError **error)
{
  WireConnection  *self = WIRE_CONNECTION (connection);
  g_autofree char *xml = ibb_stanza_to_xml (stanza);

  if (self->stream == NULL)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_CONNECTED, "Not connected");
      return FALSE;
    }
  trace ("of", self->stream, xml);
  if (wire_said != NULL)
    wire_said (self->program, xml);
  server.n_parcels++;
  carry (self->stream, TRUE, xml);
  return TRUE;
}

static guint
wire_connection_get_stanza_limit (IBBConnection *connection)
{
  return WIRE_CONNECTION (connection)->stanza_limit;
}

/* Also those that have gone without a word. */
static GStrv
wire_connection_dup_resources (IBBConnection *connection, const char *contact)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_autofree char         *start = g_strconcat (contact, "/", NULL);
  GHashTableIter           iter;
  gpointer                 jid;

  g_hash_table_iter_init (&iter, server.streams);
  while (g_hash_table_iter_next (&iter, &jid, NULL))
    if (g_str_has_prefix (jid, start))
      g_strv_builder_add (builder, jid);
  return g_strv_builder_end (builder);
}

static void
connection_iface_init (IBBConnectionInterface *iface)
{
  iface->dup_resources = wire_connection_dup_resources;
  iface->send = wire_connection_send;
  iface->get_stanza_limit = wire_connection_get_stanza_limit;
}

static void
wire_connection_get_property (GObject *object, guint prop_id, GValue *value, GParamSpec *pspec)
{
  g_value_set_string (value, WIRE_CONNECTION (object)->jid);
}

static void
wire_connection_finalize (GObject *object)
{
  WireConnection *self = WIRE_CONNECTION (object);

  wire_kill (self);
  g_free (self->resource);
  g_free (self->jid);
  G_OBJECT_CLASS (wire_connection_parent_class)->finalize (object);
}

static void
wire_connection_class_init (WireConnectionClass *class)
{
  G_OBJECT_CLASS (class)->get_property = wire_connection_get_property;
  G_OBJECT_CLASS (class)->finalize = wire_connection_finalize;
  g_object_class_override_property (G_OBJECT_CLASS (class), PROP_LOCAL_JID, "local-jid");
}

static void
wire_connection_init (WireConnection *self)
{
}

WireConnection *
wire_connection_new (guint program, const char *resource)
{
  static const guint limits[] = { 0, 8192, 65536 };
  WireConnection    *self = g_object_new (WIRE_TYPE_CONNECTION, NULL);

  self->program = program;
  self->resource = g_strdup (resource);
  self->stanza_limit = limits[random_below (&turns_random, G_N_ELEMENTS (limits))];
  log_in (self);
  return self;
}

const char *
wire_connection_get_jid (WireConnection *self)
{
  return self->jid;
}

gboolean
wire_connection_is_online (WireConnection *self)
{
  return self->stream != NULL && !self->stream->is_broken && !self->is_suspended;
}

void
wire_start (gboolean verbose)
{
  server.is_verbose = verbose;
  server.streams = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, stream_unref);
}

void
wire_stop (void)
{
  g_hash_table_unref (server.streams);
}
