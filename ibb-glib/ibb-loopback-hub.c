/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include <glib/gi18n-lib.h>

#include "core/jid.h"
#include "ibb-connection-private.h"
#include "ibb-error.h"
#include "ibb-loopback-private.h"
#include "ibb-stanza-private.h"

/* What a data stanza weighs beside its text, and others in all: for the rate. */
#define STANZA_OVERHEAD 250

/* A connection that waits for its rate has more than this many bytes to send. */
#define CONGESTED 16384

/* So many stanzas are carried before other sources have their turn. */
#define BATCH 256

struct _IBBHub
{
  gatomicrefcount ref_count;

  /* immutable after construction */
  GMainContext *context; /* (owned) */
  GMainLoop    *loop;    /* (owned) */
  GSource      *source;  /* (owned): ready when a stanza is due */
  gboolean      as_xml;  /* carry XML, as between processes */

  GMutex lock;

  /* protected by lock */
  IBBHubSettings settings;
  GHashTable    *connections; /* normal full JID to Attachment */
  GSequence     *parcels;     /* (element-type Parcel): by when they are due */
  guint64        n_parcels;   /* ever made: keeps those that are due together in order */
  GRand         *rand;        /* (owned) */
  guint          n_resources; /* given to those who asked for none */
};

struct _IBBLoopbackConnection
{
  GObject parent_instance;

  /* immutable after construction */
  IBBHub       *hub;            /* (owned) */
  char         *jid;            /* (owned) */
  char         *normal;         /* (owned) */
  GMainContext *signal_context; /* (owned) */

  /* protected by the lock of the hub */
  gboolean replaced;   /* another one has the JID now */
  gint64   busy_until; /* when the rate lets the next stanza go */
  gint64   last_due;
  gsize    queued; /* bytes that wait for the rate */
  gboolean congested;
};

/* A connection in the table. */
typedef struct
{
  GWeakRef weak;
  gpointer connection; /* (unowned): whose it is, even while it is disposed */
} Attachment;

/* A stanza on its way. */
typedef struct
{
  gint64                 due;
  guint64                serial;
  gsize                  size;
  char                  *to;     /* (owned): as the table has it */
  IBBStanza             *stanza; /* (owned) (nullable): else xml */
  GBytes                *xml;    /* (owned) (nullable) */
  IBBLoopbackConnection *sender; /* (owned) (nullable): whose rate it waited for */
} Parcel;

static void connection_iface_init (IBBConnectionInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (IBBLoopbackConnection,
                               ibb_loopback_connection,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (IBB_TYPE_CONNECTION, connection_iface_init))

enum
{
  PROP_0,
  PROP_LOCAL_JID,
};

static void
parcel_free (Parcel *parcel)
{
  g_free (parcel->to);
  g_clear_pointer (&parcel->stanza, ibb_stanza_record_unref);
  g_clear_pointer (&parcel->xml, g_bytes_unref);
  g_clear_object (&parcel->sender);
  g_free (parcel);
}

static int
compare_parcels (gconstpointer a, gconstpointer b, gpointer data)
{
  const Parcel *parcel_a = a;
  const Parcel *parcel_b = b;

  if (parcel_a->due != parcel_b->due)
    return parcel_a->due < parcel_b->due ? -1 : 1;
  return parcel_a->serial < parcel_b->serial ? -1 : 1;
}

static gsize
estimate_size (const IBBStanza *stanza)
{
  gsize size = STANZA_OVERHEAD;

  if (stanza->bytes != NULL)
    size += IBB_BASE64_ENCODED_LENGTH (g_bytes_get_size (stanza->bytes));
  if (stanza->xml != NULL)
    size += g_bytes_get_size (stanza->xml);
  return size;
}

/* As a server does: "from" is whom it came from, whatever it says (RFC 6120
 * §8.1.2.1). A record is shared, so another one is made where it says else. */
static IBBStanza *
stamp (IBBStanza *stanza, const char *from)
{
  IBBStanza *copy;

  if (g_strcmp0 (stanza->from, from) == 0)
    return ibb_stanza_record_ref (stanza);

  copy = g_memdup2 (stanza, sizeof *stanza);
  g_atomic_ref_count_init (&copy->ref_count);
  copy->kind = g_strdup (stanza->kind);
  copy->id = g_strdup (stanza->id);
  copy->from = g_strdup (from);
  copy->to = g_strdup (stanza->to);
  copy->sid = g_strdup (stanza->sid);
  copy->bytes = stanza->bytes != NULL ? g_bytes_ref (stanza->bytes) : NULL;
  copy->text = g_strdup (stanza->text);
  copy->features = g_strdupv (stanza->features);
  copy->identities = g_strdupv (stanza->identities);
  copy->xml = stanza->xml != NULL ? g_bytes_ref (stanza->xml) : NULL;
  return copy;
}

static GBytes *
to_xml (const IBBStanza *stanza)
{
  GByteArray *xml = g_byte_array_new ();

  ibb_stanza_write (stanza, xml);
  return g_byte_array_free_to_bytes (xml);
}

static gint64
get_next_due_locked (IBBHub *self)
{
  GSequenceIter *first = g_sequence_get_begin_iter (self->parcels);

  if (g_sequence_iter_is_end (first))
    return -1;
  return ((Parcel *) g_sequence_get (first))->due;
}

/* Takes stanza over. */
static void
add_parcel_locked (
    IBBHub *self, IBBStanza *stanza, const char *to, gint64 due, IBBLoopbackConnection *sender)
{
  Parcel *parcel = g_new0 (Parcel, 1);

  parcel->due = due;
  parcel->serial = self->n_parcels++;
  parcel->to = g_strdup (to);
  parcel->sender = sender != NULL ? g_object_ref (sender) : NULL;
  parcel->size = estimate_size (stanza);
  if (self->as_xml)
    {
      parcel->xml = to_xml (stanza);
      ibb_stanza_record_unref (stanza);
    }
  else
    parcel->stanza = stanza;
  g_sequence_insert_sorted (self->parcels, parcel, compare_parcels, NULL);
  if (parcel == g_sequence_get (g_sequence_get_begin_iter (self->parcels)))
    g_source_set_ready_time (self->source, due);
}

static gboolean
happens_locked (IBBHub *self, double probability)
{
  return probability > 0.0 && g_rand_double (self->rand) < probability;
}

/* A result or an error is not answered (RFC 6120 §8.3.1). */
static gboolean
is_answerable (const IBBStanza *stanza)
{
  if (stanza->name == IBB_STANZA_IQ)
    return ibb_stanza_record_is_kind (stanza, "set") || ibb_stanza_record_is_kind (stanza, "get");
  return stanza->name == IBB_STANZA_MESSAGE && !ibb_stanza_record_is_kind (stanza, "error");
}

/* The table's key of an address; most stanzas have it as it stands. */
static char *
find_address_locked (IBBHub *self, const char *jid)
{
  char *normal;

  if (jid == NULL || g_hash_table_contains (self->connections, jid))
    return g_strdup (jid);
  normal = ibb_jid_normalize (jid);
  return normal != NULL ? normal : g_strdup (jid);
}

static void
bounce_locked (IBBHub *self, IBBStanza *stanza, IBBCondition condition, gint64 due)
{
  g_autofree char *to = find_address_locked (self, stanza->from);

  if (to != NULL && is_answerable (stanza))
    add_parcel_locked (self,
                       ibb_stanza_record_new_error (
                           stanza, condition, ibb_condition_get_default_type (condition), NULL),
                       to, due, NULL);
}

/* From one of our connections into the network. */
static void
route_locked (IBBHub *self, IBBLoopbackConnection *sender, IBBStanza *stanza)
{
  const IBBHubSettings *settings = &self->settings;
  gint64                latency = settings->latency * G_TIME_SPAN_MILLISECOND;
  gint64                now = g_get_monotonic_time ();
  gint64                leaves = now;
  gint64                due;
  g_autoptr (IBBStanza) stamped = stamp (stanza, sender->jid);
  g_autofree char      *to = find_address_locked (self, stanza->to);
  gsize                 size = estimate_size (stanza);

  if (settings->rate > 0)
    {
      leaves = MAX (now, sender->busy_until);
      leaves += MAX (1, (gint64) (size * G_USEC_PER_SEC / settings->rate));
      sender->busy_until = leaves;
      sender->queued += size;
      sender->congested = sender->queued > CONGESTED;
    }
  /* In order for each sender, even when the latency has just been lowered. */
  due = MAX (leaves + latency, sender->last_due);
  sender->last_due = due;

  if (to == NULL || !g_hash_table_contains (self->connections, to))
    {
      /* A bare JID is the account, which has no such service (D-03). */
      bounce_locked (self, stamped, IBB_CONDITION_SERVICE_UNAVAILABLE, due + latency);
      g_clear_pointer (&to, g_free);
    }
  else if (is_answerable (stamped) && happens_locked (self, settings->bounce_probability))
    {
      bounce_locked (self, stamped, IBB_CONDITION_RECIPIENT_UNAVAILABLE, due + latency);
      g_clear_pointer (&to, g_free);
    }
  else if (happens_locked (self, settings->drop_probability))
    g_clear_pointer (&to, g_free);
  else if (happens_locked (self, settings->duplicate_probability))
    add_parcel_locked (self, ibb_stanza_record_ref (stamped), to, due, NULL);

  /* What goes nowhere takes its time from the sender all the same. */
  if (to != NULL || settings->rate > 0)
    add_parcel_locked (self, g_steal_pointer (&stamped), to, due,
                       settings->rate > 0 ? sender : NULL);
}

/* What a client answers to what nobody in it took. Any thread. */
static void
answer (IBBLoopbackConnection *self, IBBStanza *stanza)
{
  g_autoptr (IBBStanza) reply = NULL;

  if (stanza->name != IBB_STANZA_IQ || !is_answerable (stanza))
    return;

  if (stanza->payload == IBB_PAYLOAD_DISCO_QUERY && ibb_stanza_record_is_kind (stanza, "get"))
    {
      g_autoptr (GStrvBuilder) features = g_strv_builder_new ();
      g_auto (GStrv)           more = ibb_connection_dup_features (IBB_CONNECTION (self));

      g_strv_builder_add (features, IBB_DISCO_INFO_NAMESPACE);
      g_strv_builder_add (features, IBB_PING_NAMESPACE);
      g_strv_builder_addv (features, (const char **) more);
      reply = ibb_stanza_record_new_result (stanza);
      reply->payload = IBB_PAYLOAD_DISCO_INFO;
      reply->features = g_strv_builder_end (features);
      reply->identities = g_new0 (char *, 2);
      reply->identities[0] = g_strdup ("client/bot/ibb-glib");
    }
  else if (stanza->payload == IBB_PAYLOAD_PING && ibb_stanza_record_is_kind (stanza, "get"))
    reply = ibb_stanza_record_new_result (stanza);
  else
    reply = ibb_stanza_record_new_error (stanza, IBB_CONDITION_SERVICE_UNAVAILABLE,
                                         IBB_ERROR_TYPE_CANCEL, NULL);

  g_mutex_lock (&self->hub->lock);
  if (!self->replaced)
    route_locked (self->hub, self, reply);
  g_mutex_unlock (&self->hub->lock);
}

typedef struct
{
  IBBLoopbackConnection *connection; /* (owned) */
  IBBStanza             *stanza;     /* (owned) */
} Delivery;

static void
delivery_free (gpointer data)
{
  Delivery *delivery = data;

  g_object_unref (delivery->connection);
  ibb_stanza_record_unref (delivery->stanza);
  g_free (delivery);
}

static gboolean
emit_cb (gpointer data)
{
  Delivery *delivery = data;

  if (!ibb_connection_emit_stanza_received (IBB_CONNECTION (delivery->connection),
                                            delivery->stanza))
    answer (delivery->connection, delivery->stanza);
  return G_SOURCE_REMOVE;
}

/* In our thread, without the lock. */
static void
deliver (IBBLoopbackConnection *connection, IBBStanza *stanza)
{
  g_autoptr (GSource) source = NULL;
  Delivery           *delivery;

  if (ibb_connection_offer_to_services (IBB_CONNECTION (connection), stanza))
    return;
  if (!ibb_connection_has_receiver (IBB_CONNECTION (connection)))
    {
      answer (connection, stanza);
      return;
    }

  delivery = g_new (Delivery, 1);
  delivery->connection = g_object_ref (connection);
  delivery->stanza = ibb_stanza_record_ref (stanza);
  source = g_idle_source_new ();
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_static_name (source, "[ibb-glib] loopback stanza");
  g_source_set_callback (source, emit_cb, delivery, delivery_free);
  g_source_attach (source, connection->signal_context);
}

/* What arrives together for one connection is a batch, as with a client that
 * reads several stanzas at once. */
static void
change_batch (IBBLoopbackConnection **batch, IBBLoopbackConnection *connection)
{
  if (*batch == connection)
    return;
  if (*batch != NULL)
    ibb_connection_end_batch (IBB_CONNECTION (*batch));
  if (connection != NULL)
    ibb_connection_begin_batch (IBB_CONNECTION (connection));
  g_set_object (batch, connection);
}

static void
carry (IBBHub *self, Parcel *parcel, IBBLoopbackConnection **batch)
{
  g_autoptr (IBBLoopbackConnection) connection = NULL;
  g_autoptr (GError)                error = NULL;
  gboolean                          drained = FALSE;

  g_mutex_lock (&self->lock);
  if (parcel->to != NULL)
    {
      Attachment *attachment = g_hash_table_lookup (self->connections, parcel->to);

      connection = attachment != NULL ? g_weak_ref_get (&attachment->weak) : NULL;
    }
  if (parcel->sender != NULL)
    {
      parcel->sender->queued -= MIN (parcel->size, parcel->sender->queued);
      drained = parcel->sender->congested && parcel->sender->queued <= CONGESTED / 2;
      if (drained)
        parcel->sender->congested = FALSE;
    }
  g_mutex_unlock (&self->lock);

  if (parcel->xml != NULL)
    {
      gsize       length;
      const char *xml = g_bytes_get_data (parcel->xml, &length);

      parcel->stanza = ibb_stanza_new_from_xml (xml, length, &error);
      if (parcel->stanza == NULL)
        g_critical ("The loopback cannot read what it wrote: %s", error->message);
    }
  if (connection != NULL && parcel->stanza != NULL)
    {
      change_batch (batch, connection);
      deliver (connection, parcel->stanza);
    }
  if (drained)
    ibb_connection_drained (IBB_CONNECTION (parcel->sender));
}

/* The next stanza that is due; without one the source is set for when there is. */
static Parcel *
take_parcel (IBBHub *self)
{
  Parcel *parcel = NULL;
  gint64  due;

  g_mutex_lock (&self->lock);
  due = get_next_due_locked (self);
  if (due >= 0 && due <= g_get_monotonic_time ())
    {
      GSequenceIter *first = g_sequence_get_begin_iter (self->parcels);

      parcel = g_sequence_get (first);
      g_sequence_remove (first);
    }
  else
    g_source_set_ready_time (self->source, due);
  g_mutex_unlock (&self->lock);
  return parcel;
}

static gboolean
hub_cb (gpointer data)
{
  /* A delivery may drop the last reference; only this thread frees the hub, and
   * not before its loop has ended. */
  IBBHub                *self = data;
  IBBLoopbackConnection *batch = NULL;

  for (guint n = 0; n < BATCH; n++)
    {
      Parcel *parcel = take_parcel (self);

      /* The end of a batch sends what follows from it. */
      if (parcel == NULL && batch != NULL)
        {
          change_batch (&batch, NULL);
          parcel = take_parcel (self);
        }
      if (parcel == NULL)
        break;
      carry (self, parcel, &batch);
      parcel_free (parcel);
    }
  change_batch (&batch, NULL);
  return G_SOURCE_CONTINUE;
}

static gboolean
hub_source_dispatch (GSource *source, GSourceFunc callback, gpointer data)
{
  return callback (data);
}

static GSourceFuncs hub_source_funcs = {
  NULL, NULL, hub_source_dispatch, NULL, NULL, NULL,
};

static void
hub_free (IBBHub *self)
{
  g_sequence_foreach (self->parcels, (GFunc) (GCallback) parcel_free, NULL);
  g_sequence_free (self->parcels);
  g_hash_table_unref (self->connections);
  g_source_unref (self->source);
  g_main_loop_unref (self->loop);
  g_main_context_unref (self->context);
  g_rand_free (self->rand);
  g_mutex_clear (&self->lock);
  g_free (self);
}

static gpointer
hub_thread (gpointer data)
{
  IBBHub *self = data;

  g_main_context_push_thread_default (self->context);
  g_main_loop_run (self->loop);
  g_source_destroy (self->source);
  g_main_context_pop_thread_default (self->context);
  hub_free (self);
  return NULL;
}

static void
attachment_free (gpointer data)
{
  Attachment *attachment = data;

  g_weak_ref_clear (&attachment->weak);
  g_free (attachment);
}

IBBHub *
ibb_hub_new (gboolean as_xml)
{
  IBBHub *self = g_new0 (IBBHub, 1);

  g_atomic_ref_count_init (&self->ref_count);
  g_mutex_init (&self->lock);
  self->as_xml = as_xml;
  self->context = g_main_context_new ();
  self->loop = g_main_loop_new (self->context, FALSE);
  self->connections = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, attachment_free);
  self->parcels = g_sequence_new (NULL);
  self->rand = g_rand_new_with_seed (0);
  self->source = g_source_new (&hub_source_funcs, sizeof (GSource));
  g_source_set_static_name (self->source, "[ibb-glib] loopback");
  g_source_set_callback (self->source, hub_cb, self, NULL);
  g_source_attach (self->source, self->context);
  g_thread_unref (g_thread_new ("ibb-loopback", hub_thread, self));
  return self;
}

IBBHub *
ibb_hub_ref (IBBHub *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

static gboolean
quit_cb (gpointer data)
{
  g_main_loop_quit (data);
  return G_SOURCE_REMOVE;
}

void
ibb_hub_unref (IBBHub *self)
{
  g_autoptr (GMainContext) context = NULL;
  g_autoptr (GSource)      source = NULL;

  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  /* The thread frees what it works with. Nobody waits for it, for whoever
   * drops the last reference may hold a lock that it needs. It may not have
   * begun to run its loop yet, so the loop is stopped from within. The context
   * is needed longer: a source that is let go of looks at it. */
  context = g_main_context_ref (self->context);
  source = g_idle_source_new ();
  g_source_set_callback (source, quit_cb, self->loop, NULL);
  g_source_attach (source, context);
}

void
ibb_hub_get_settings (IBBHub *self, IBBHubSettings *settings)
{
  g_mutex_lock (&self->lock);
  *settings = self->settings;
  g_mutex_unlock (&self->lock);
}

void
ibb_hub_set_settings (IBBHub *self, const IBBHubSettings *settings)
{
  g_mutex_lock (&self->lock);
  if (self->settings.seed != settings->seed)
    g_rand_set_seed (self->rand, settings->seed);
  self->settings = *settings;
  g_mutex_unlock (&self->lock);
}

/* Another connection has taken the JID: as a server does, the old one is told
 * and closed (RFC 6120 §4.9.3.3). */
static gboolean
replaced_cb (gpointer data)
{
  g_autoptr (GError) error = NULL;

  error =
      g_error_new (IBB_ERROR, IBB_ERROR_CONFLICT, _ ("Another connection has taken the JID “%s”"),
                   IBB_LOOPBACK_CONNECTION (data)->jid);
  ibb_connection_lost (data, error);
  return G_SOURCE_REMOVE;
}

static void
replace_locked (IBBHub *self, const char *normal)
{
  Attachment            *attachment = g_hash_table_lookup (self->connections, normal);
  IBBLoopbackConnection *old = attachment != NULL ? g_weak_ref_get (&attachment->weak) : NULL;
  g_autoptr (GSource)    source = NULL;

  if (old == NULL)
    return;
  old->replaced = TRUE;
  source = g_idle_source_new ();
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, replaced_cb, old, g_object_unref);
  g_source_attach (source, self->context);
}

IBBConnection *
ibb_hub_attach (IBBHub *self, const char *jid)
{
  IBBLoopbackConnection *connection;
  Attachment            *attachment;
  g_autofree char       *normal = ibb_jid_normalize (jid);
  g_autofree char       *full = NULL;

  if (normal == NULL)
    return NULL;

  g_mutex_lock (&self->lock);
  if (ibb_jid_get_resource (jid) == NULL)
    {
      full = g_strdup_printf ("%s/%u", jid, ++self->n_resources);
      g_free (normal);
      normal = ibb_jid_normalize (full);
    }
  else
    full = g_strdup (jid);

  connection = g_object_new (IBB_TYPE_LOOPBACK_CONNECTION, NULL);
  connection->hub = ibb_hub_ref (self);
  connection->jid = g_steal_pointer (&full);
  connection->normal = g_strdup (normal);
  connection->signal_context = g_main_context_ref_thread_default ();

  replace_locked (self, normal);
  attachment = g_new (Attachment, 1);
  g_weak_ref_init (&attachment->weak, connection);
  attachment->connection = connection;
  g_hash_table_replace (self->connections, g_steal_pointer (&normal), attachment);
  g_mutex_unlock (&self->lock);
  return IBB_CONNECTION (connection);
}

/* The connections */

static gboolean
ibb_loopback_connection_send (IBBConnection *connection, IBBStanza *stanza, GError **error)
{
  IBBLoopbackConnection *self = IBB_LOOPBACK_CONNECTION (connection);
  gboolean               replaced;

  g_mutex_lock (&self->hub->lock);
  replaced = self->replaced;
  if (!replaced)
    route_locked (self->hub, self, stanza);
  g_mutex_unlock (&self->hub->lock);

  if (replaced)
    g_set_error (error, IBB_ERROR, IBB_ERROR_CONFLICT,
                 _ ("Another connection has taken the JID “%s”"), self->jid);
  return !replaced;
}

static GMainContext *
ibb_loopback_connection_get_context (IBBConnection *connection)
{
  return IBB_LOOPBACK_CONNECTION (connection)->hub->context;
}

static gboolean
ibb_loopback_connection_is_congested (IBBConnection *connection)
{
  IBBLoopbackConnection *self = IBB_LOOPBACK_CONNECTION (connection);
  gboolean               congested;

  g_mutex_lock (&self->hub->lock);
  congested = self->congested;
  g_mutex_unlock (&self->hub->lock);
  return congested;
}

static guint
ibb_loopback_connection_get_stanza_limit (IBBConnection *connection)
{
  return 0;
}

static void
connection_iface_init (IBBConnectionInterface *iface)
{
  iface->send = ibb_loopback_connection_send;
  iface->get_context = ibb_loopback_connection_get_context;
  iface->is_congested = ibb_loopback_connection_is_congested;
  iface->get_stanza_limit = ibb_loopback_connection_get_stanza_limit;
}

static void
ibb_loopback_connection_get_property (GObject    *object,
                                      guint       prop_id,
                                      GValue     *value,
                                      GParamSpec *pspec)
{
  switch (prop_id)
    {
    case PROP_LOCAL_JID:
      g_value_set_string (value, IBB_LOOPBACK_CONNECTION (object)->jid);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
ibb_loopback_connection_dispose (GObject *object)
{
  IBBLoopbackConnection *self = IBB_LOOPBACK_CONNECTION (object);

  if (self->hub != NULL)
    {
      Attachment *attachment;

      g_mutex_lock (&self->hub->lock);
      attachment = g_hash_table_lookup (self->hub->connections, self->normal);
      if (attachment != NULL && attachment->connection == self)
        g_hash_table_remove (self->hub->connections, self->normal);
      self->replaced = TRUE;
      g_mutex_unlock (&self->hub->lock);
    }
  G_OBJECT_CLASS (ibb_loopback_connection_parent_class)->dispose (object);
}

static void
ibb_loopback_connection_finalize (GObject *object)
{
  IBBLoopbackConnection *self = IBB_LOOPBACK_CONNECTION (object);

  g_clear_pointer (&self->signal_context, g_main_context_unref);
  g_free (self->jid);
  g_free (self->normal);
  g_clear_pointer (&self->hub, ibb_hub_unref);
  G_OBJECT_CLASS (ibb_loopback_connection_parent_class)->finalize (object);
}

static void
ibb_loopback_connection_class_init (IBBLoopbackConnectionClass *class)
{
  GObjectClass *object_class = G_OBJECT_CLASS (class);

  object_class->get_property = ibb_loopback_connection_get_property;
  object_class->dispose = ibb_loopback_connection_dispose;
  object_class->finalize = ibb_loopback_connection_finalize;

  g_object_class_override_property (object_class, PROP_LOCAL_JID, "local-jid");
}

static void
ibb_loopback_connection_init (IBBLoopbackConnection *self)
{
}
