/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "loopback/hub.h"

#include "base/callback-source.h"
#include "base/intl.h"
#include "base/lock.h"
#include "base/source.h"
#include "base/thread.h"
#include "connection/ibb-connection-private.h"
#include "core/base/jid.h"
#include "ibb-error.h"
#include "ibb-stanza.h"
#include "stanza/stanza-writer.h"

/* After so many stanzas other sources have their turn. */
#define STANZAS_PER_DISPATCH 256

/* The XML of a stanza beside its data, roughly: for the rate. */
#define STANZA_OVERHEAD 250

typedef enum
{
  FAULT_NONE,
  FAULT_BOUNCE,
  FAULT_DROP,
  FAULT_DUPLICATE,
} Fault;

/* A stanza on its way. */
typedef struct
{
  GList       link; /* in the queue of the hub */
  gint64      due;
  gsize       size;   /* of the XML, estimated */
  GRefString *to;     /* (owned) (nullable): a key of the hub's table; NULL for a lost one */
  IBBStanza  *stanza; /* (owned) (nullable): else xml */
  GBytes     *xml;    /* (owned) (nullable) */
  IBBPort    *sender; /* (owned) (nullable): the port whose rate it waited for */
} Parcel;

struct _IBBHub
{
  gatomicrefcount ref_count;

  /* immutable after construction */
  IBBThread *thread; /* (owned): frees the hub in the end */
  GSource   *source; /* (owned): ready when a stanza is due */

  GMutex lock;

  /* protected by lock */
  IBBHubFaults faults;
  GRand       *rand;        /* (owned): of the faults */
  GHashTable  *ports;       /* normal full JID to IBBPort (owned) */
  GQueue       parcels;     /* (element-type Parcel): owned, by due time */
  guint        n_resources; /* given to those who asked for none */
};

/* Parcels. */

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

static GBytes *
to_xml (const IBBStanza *stanza)
{
  GByteArray *xml = g_byte_array_new ();

  ibb_stanza_writer_append (stanza, xml);
  return g_byte_array_free_to_bytes (xml);
}

/* stanza is taken over. to: (nullable) */
static Parcel *
parcel_new (IBBStanza *stanza, IBBPort *to, gboolean as_xml)
{
  Parcel *self = g_new0 (Parcel, 1);

  self->to = to != NULL ? g_ref_string_acquire (to->normal_jid) : NULL;
  self->size = estimate_size (stanza);
  if (as_xml)
    {
      self->xml = to_xml (stanza);
      ibb_stanza_record_unref (stanza);
    }
  else
    self->stanza = stanza;
  return self;
}

static void
parcel_free (Parcel *self)
{
  g_clear_pointer (&self->to, g_ref_string_release);
  g_clear_pointer (&self->stanza, ibb_stanza_record_unref);
  g_clear_pointer (&self->xml, g_bytes_unref);
  g_clear_pointer (&self->sender, ibb_port_unref);
  g_free (self);
}

/* The stanza, read from the XML if need be; owned by the parcel. */
static IBBStanza *
parcel_open (Parcel *self)
{
  g_autoptr (GError) error = NULL;
  gsize              length;
  const char        *xml;

  if (self->xml == NULL)
    return self->stanza;

  xml = g_bytes_get_data (self->xml, &length);
  self->stanza = ibb_stanza_new_from_xml (xml, (gssize) length, &error);
  if (self->stanza == NULL)
    g_critical ("The loopback cannot read what it wrote: %s", error->message);
  g_clear_pointer (&self->xml, g_bytes_unref);
  return self->stanza;
}

/* A server replaces "from" by the sender's address, whatever the stanza says (RFC 6120 §8.1.2.1).
 */
static IBBStanza *
stamp (IBBStanza *stanza, const char *from)
{
  IBBStanza *copy;

  if (g_strcmp0 (stanza->from, from) == 0)
    return ibb_stanza_record_ref (stanza);

  copy = ibb_stanza_record_copy (stanza);
  copy->from = g_strdup (from);
  return copy;
}

/* Sending. */

static Parcel *
get_first_locked (IBBHub *self)
{
  return g_queue_peek_head (&self->parcels);
}

static gboolean
is_due_locked (IBBHub *self, gint64 now)
{
  const Parcel *first = get_first_locked (self);

  return first != NULL && first->due <= now;
}

static gboolean
is_first_for_locked (IBBHub *self, const char *to)
{
  const Parcel *first = get_first_locked (self);

  return first != NULL && g_strcmp0 (first->to, to) == 0;
}

/* Takes stanza over. */
static void
add_parcel_locked (IBBHub *self, IBBStanza *stanza, IBBPort *to, gint64 due, IBBPort *sender)
{
  Parcel *parcel = parcel_new (stanza, to, self->faults.carry_xml);
  GList  *before = self->parcels.tail;

  /* Few parcels are due before others that were sent earlier. */
  while (before != NULL && ((const Parcel *) before->data)->due > due)
    before = before->prev;
  parcel->due = due;
  parcel->sender = sender != NULL ? ibb_port_ref (sender) : NULL;
  parcel->link.data = parcel;
  g_queue_insert_after_link (&self->parcels, before, &parcel->link);
  if (parcel == get_first_locked (self))
    g_source_set_ready_time (self->source, due);
}

/* A result or an error is not answered (RFC 6120 §8.3.1). */
static gboolean
is_answerable (const IBBStanza *stanza)
{
  if (stanza->name == IBB_STANZA_IQ)
    return ibb_stanza_record_is_kind (stanza, "set") || ibb_stanza_record_is_kind (stanza, "get");
  return stanza->name == IBB_STANZA_MESSAGE && !ibb_stanza_record_is_kind (stanza, "error");
}

/* The port of an address, which most stanzas write in normal form. */
static IBBPort *
find_port_locked (IBBHub *self, const char *jid)
{
  IBBPort         *port = jid != NULL ? g_hash_table_lookup (self->ports, jid) : NULL;
  g_autofree char *normal = port == NULL && jid != NULL ? ibb_jid_normalize (jid) : NULL;

  return normal != NULL ? g_hash_table_lookup (self->ports, normal) : port;
}

static void
bounce_locked (IBBHub *self, IBBStanza *stanza, IBBCondition condition, gint64 due)
{
  IBBPort *to = find_port_locked (self, stanza->from);

  if (to != NULL && is_answerable (stanza))
    add_parcel_locked (self,
                       ibb_stanza_record_new_error (
                           stanza, condition, ibb_condition_get_default_type (condition), NULL),
                       to, due, NULL);
}

static void
bounce (IBBHub *self, IBBStanza *stanza)
{
  IBB_AUTO_LOCK (&self->lock);

  bounce_locked (self, stanza, IBB_CONDITION_SERVICE_UNAVAILABLE, g_get_monotonic_time ());
}

static gboolean
happens_locked (IBBHub *self, double probability)
{
  return probability > 0.0 && g_rand_double (self->rand) < probability;
}

/* The fault of the next stanza; only one that is answerable can bounce. */
static Fault
draw_fault_locked (IBBHub *self, gboolean is_answerable)
{
  if (is_answerable && happens_locked (self, self->faults.bounce_probability))
    return FAULT_BOUNCE;
  if (happens_locked (self, self->faults.drop_probability))
    return FAULT_DROP;
  if (happens_locked (self, self->faults.duplicate_probability))
    return FAULT_DUPLICATE;
  return FAULT_NONE;
}

static void
route_locked (IBBHub *self, IBBPort *sender, IBBStanza *stanza)
{
  guint64               rate = self->faults.rate;
  g_autoptr (IBBStanza) stamped = stamp (stanza, sender->jid);
  IBBPort              *to = find_port_locked (self, stanza->to);
  Fault                 fault = FAULT_NONE;
  gint64                due;

  due = ibb_port_send (sender, estimate_size (stanza), rate, g_get_monotonic_time ());
  /* A bare JID is an account, which does not support in-band bytestreams (D-03). */
  if (to == NULL)
    bounce_locked (self, stamped, IBB_CONDITION_SERVICE_UNAVAILABLE, due);
  else
    fault = draw_fault_locked (self, is_answerable (stamped));

  if (fault == FAULT_BOUNCE)
    bounce_locked (self, stamped, IBB_CONDITION_RECIPIENT_UNAVAILABLE, due);
  if (fault == FAULT_DUPLICATE)
    add_parcel_locked (self, ibb_stanza_record_ref (stamped), to, due, NULL);
  if (fault == FAULT_BOUNCE || fault == FAULT_DROP)
    to = NULL;

  /* A stanza that does not arrive takes up the sender's rate, too. */
  if (to != NULL || rate > 0)
    add_parcel_locked (self, g_steal_pointer (&stamped), to, due, rate > 0 ? sender : NULL);
}

gboolean
ibb_hub_send (IBBHub *self, IBBPort *port, IBBStanza *stanza)
{
  IBB_AUTO_LOCK (&self->lock);
  gboolean is_open = !port->closed;

  if (is_open)
    route_locked (self, port, stanza);
  return is_open;
}

gboolean
ibb_hub_is_congested (IBBHub *self, IBBPort *port)
{
  IBB_AUTO_LOCK (&self->lock);

  return port->congested;
}

/* Delivering: in the hub's thread, and without the lock, unless the comment of a function says
 * otherwise */

typedef struct
{
  IBBHub        *hub;        /* (owned) */
  IBBPort       *port;       /* (owned) */
  IBBConnection *connection; /* (owned) */
  IBBStanza     *stanza;     /* (owned) */
} Delivery;

static void
delivery_free (gpointer data)
{
  Delivery *delivery = data;

  ibb_stanza_record_unref (delivery->stanza);
  g_object_unref (delivery->connection);
  ibb_port_unref (delivery->port);
  ibb_hub_unref (delivery->hub);
  g_free (delivery);
}

/* Answers as a client does to a request that nobody took. In any thread. */
static void
answer (IBBHub *self, IBBPort *port, IBBConnection *connection, IBBStanza *stanza)
{
  g_autoptr (IBBStanza) reply = ibb_connection_create_answer (connection, stanza);

  if (reply == NULL)
    reply = ibb_stanza_record_new_unknown (stanza);
  if (reply != NULL)
    ibb_hub_send (self, port, reply);
}

static gboolean
emit_cb (gpointer data)
{
  Delivery *delivery = data;

  if (!ibb_connection_deliver (delivery->connection, delivery->stanza))
    answer (delivery->hub, delivery->port, delivery->connection, delivery->stanza);
  return G_SOURCE_REMOVE;
}

static void
deliver (IBBHub *self, IBBPort *port, IBBConnection *connection, IBBStanza *stanza)
{
  g_autoptr (GSource) source = NULL;
  Delivery           *delivery;

  if (ibb_connection_offer_to_services (connection, stanza, FALSE))
    return;
  if (!ibb_connection_has_receiver (connection, stanza))
    {
      answer (self, port, connection, stanza);
      return;
    }

  delivery = g_new (Delivery, 1);
  delivery->hub = ibb_hub_ref (self);
  delivery->port = ibb_port_ref (port);
  delivery->connection = g_object_ref (connection);
  delivery->stanza = ibb_stanza_record_ref (stanza);
  source = ibb_callback_source_new ("[ibb-glib] loopback stanza", emit_cb, delivery, delivery_free);
  ibb_source_attach_at (source, 0, port->signal_context);
}

/* Stanzas that arrive together for one connection are a batch, as in a client that reads several at
 * once. */
static void
change_batch (IBBConnection **batch, IBBConnection *connection)
{
  if (*batch == connection)
    return;
  if (*batch != NULL)
    ibb_connection_tell (*batch, IBB_CONNECTION_BATCH_ENDED);
  if (connection != NULL)
    ibb_connection_tell (connection, IBB_CONNECTION_BATCH_BEGAN);
  g_set_object (batch, connection);
}

/* Takes the next parcel that is due, if there is one, and tells whether another one for the same
 * connection is due. Otherwise sets the source for the time when there is one. */
static Parcel *
take_parcel (IBBHub *self, IBBPort **port, gboolean *is_drained, gboolean *is_followed)
{
  Parcel *parcel = NULL;
  gint64  now = g_get_monotonic_time ();

  g_mutex_lock (&self->lock);
  if (is_due_locked (self, now))
    {
      parcel = g_queue_pop_head_link (&self->parcels)->data;
      *port = parcel->to != NULL ? g_hash_table_lookup (self->ports, parcel->to) : NULL;
      if (*port != NULL)
        ibb_port_ref (*port);
      *is_drained = parcel->sender != NULL && ibb_port_sent (parcel->sender, parcel->size);
      *is_followed = is_due_locked (self, now) && is_first_for_locked (self, parcel->to);
    }
  else
    {
      const Parcel *first = get_first_locked (self);

      g_source_set_ready_time (self->source, first != NULL ? first->due : -1);
    }
  g_mutex_unlock (&self->lock);
  return parcel;
}

/* Returns whether there was a parcel. */
static gboolean
carry (IBBHub *self, IBBConnection **batch)
{
  g_autoptr (IBBConnection) connection = NULL;
  g_autoptr (IBBConnection) drained = NULL;
  IBBPort                  *port = NULL;
  Parcel                   *parcel;
  IBBStanza                *stanza;
  gboolean                  is_drained, is_followed;

  parcel = take_parcel (self, &port, &is_drained, &is_followed);
  if (parcel == NULL)
    return FALSE;

  /* Without the lock: to take a reference to an object of a language binding may have to wait for
   * its interpreter. */
  if (port != NULL)
    connection = ibb_weak_get (port->connection);
  if (is_drained)
    drained = ibb_weak_get (parcel->sender->connection);

  stanza = parcel_open (parcel);
  if (connection != NULL && stanza != NULL)
    {
      if (*batch != connection)
        change_batch (batch, is_followed ? connection : NULL);
      deliver (self, port, connection, stanza);
    }
  else if (parcel->to != NULL && stanza != NULL)
    bounce (self, stanza); /* the recipient has gone meanwhile */
  if (drained != NULL)
    ibb_connection_drained (drained);
  g_clear_pointer (&port, ibb_port_unref);
  parcel_free (parcel);
  return TRUE;
}

static gboolean
hub_cb (gpointer data)
{
  /* A delivery may drop the last reference. Only this thread frees the hub, and not before its loop
   * has ended. */
  IBBHub        *self = data;
  IBBConnection *batch = NULL;
  guint          n = 0;

  while (n < STANZAS_PER_DISPATCH)
    if (carry (self, &batch))
      n++;
    else if (batch != NULL)
      change_batch (&batch, NULL); /* here the connection sends what follows from the batch */
    else
      return G_SOURCE_CONTINUE;
  change_batch (&batch, NULL);
  g_source_set_ready_time (self->source, 0);
  return G_SOURCE_CONTINUE;
}

/* Lifetime. */

static void
hub_free (gpointer data)
{
  IBBHub *self = data;

  ibb_source_clear (&self->source);
  while (!g_queue_is_empty (&self->parcels))
    parcel_free (g_queue_pop_head_link (&self->parcels)->data);
  g_hash_table_unref (self->ports);
  g_rand_free (self->rand);
  g_mutex_clear (&self->lock);
  g_free (self);
}

IBBHub *
ibb_hub_new (void)
{
  IBBHub *self = g_new0 (IBBHub, 1);

  g_atomic_ref_count_init (&self->ref_count);
  g_mutex_init (&self->lock);
  self->thread = ibb_thread_new ("ibb-loopback");
  self->ports =
      g_hash_table_new_full (g_str_hash, g_str_equal, NULL, (GDestroyNotify) ibb_port_unref);
  self->rand = g_rand_new_with_seed (0);
  self->source = ibb_callback_source_new ("[ibb-glib] loopback", hub_cb, self, NULL);
  g_source_attach (self->source, ibb_thread_get_context (self->thread));
  return self;
}

IBBHub *
ibb_hub_ref (IBBHub *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
ibb_hub_unref (IBBHub *self)
{
  if (g_atomic_ref_count_dec (&self->ref_count))
    ibb_thread_quit (self->thread, self, hub_free);
}

GMainContext *
ibb_hub_get_context (IBBHub *self)
{
  return ibb_thread_get_context (self->thread);
}

void
ibb_hub_set_faults (IBBHub *self, const IBBHubFaults *faults)
{
  IBB_AUTO_LOCK (&self->lock);

  self->faults = *faults;
}

/* Ports. */

/* Another connection has taken the JID. As a server does, the hub tells the old connection and
 * closes it (RFC 6120 §4.9.3.3). */
static gboolean
replaced_cb (gpointer data)
{
  IBBPort                  *port = data;
  g_autoptr (IBBConnection) connection = ibb_weak_get (port->connection);
  g_autoptr (GError)        error = g_error_new (
             IBB_ERROR, IBB_ERROR_CONFLICT, _ ("Another connection has taken the JID “%s”"), port->jid);

  if (connection != NULL)
    ibb_connection_set_state_with_error (connection, IBB_CONNECTION_STATE_OFFLINE, error);
  return G_SOURCE_REMOVE;
}

static void
close_port_locked (IBBHub *self, const char *normal_jid)
{
  IBBPort *port = g_hash_table_lookup (self->ports, normal_jid);

  if (port == NULL)
    return;
  port->closed = TRUE;
  ibb_thread_invoke (self->thread, replaced_cb, ibb_port_ref (port),
                     (GDestroyNotify) ibb_port_unref);
}

IBBPort *
ibb_hub_add_port (IBBHub *self, IBBConnection *connection, const char *jid)
{
  IBB_AUTO_LOCK (&self->lock);
  g_autofree char *full = NULL;
  g_autofree char *normal = NULL;
  IBBPort         *port;

  full = ibb_jid_get_resource (jid) != NULL ? g_strdup (jid)
                                            : g_strdup_printf ("%s/%u", jid, ++self->n_resources);
  normal = ibb_jid_normalize (full);
  close_port_locked (self, normal);
  port = ibb_port_new (connection, full, normal);
  g_hash_table_replace (self->ports, port->normal_jid, ibb_port_ref (port));
  return port;
}

void
ibb_hub_remove_port (IBBHub *self, IBBPort *port)
{
  g_mutex_lock (&self->lock);
  if (g_hash_table_lookup (self->ports, port->normal_jid) == port)
    g_hash_table_remove (self->ports, port->normal_jid);
  port->closed = TRUE;
  g_mutex_unlock (&self->lock);
}
