/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The sessions of a run and their two ends: what was written, and whether it is
 * what is read. */

#include "ends.h"

#define POOL_SIZE 24

/* One direction. */
typedef struct
{
  guint64  written;   /* taken by the session, as far as the writer knows */
  guint64  attempted; /* that, and what a write is about to add */
  guint64  read;
  gboolean orderly; /* its writer has begun a close or a shutdown */
  gboolean eof;     /* its reader has seen the end */
} Way;

struct _Link
{
  gatomicrefcount ref_count;
  char           *sid;
  guint32         key;
  gboolean        exact; /* nothing is lost unseen: IQ, or no loss at all */
  int             n_accepted;

  GMutex lock;
  Way    ways[2]; /* protected by lock: what side 0 writes, and what side 1 does */
};

struct _End
{
  gatomicrefcount ref_count;
  Link           *link;
  guint           side;
  GMutex          lock;
  IBBTransport   *transport; /* (owned) (nullable): protected by lock */
  int             reading;   /* one reader and one writer at a time */
  int             writing;
  int             closing;
  int             n_ended;
};

int stanzas_come_twice;

static GMutex      pool_lock;
static GPtrArray  *pool;     /* protected by pool_lock */
static GQueue      requests; /* protected by pool_lock */
static GMutex      links_lock;
static GHashTable *links; /* (unowned values): protected by links_lock */
static guint       n_links;
static int         live_transports;
static guint       n_eofs;
static gsize       n_read;

static guint8
get_pattern (const Link *link, guint side, guint64 position)
{
  guint32 mixed = (guint32) position * 2654435761u ^ (guint32) (position >> 9) ^ link->key;

  return (guint8) ((mixed >> 24) + side);
}

Link *
link_new (gboolean exact)
{
  Link *self = g_new0 (Link, 1);

  g_atomic_ref_count_init (&self->ref_count);
  g_mutex_init (&self->lock);
  self->exact = exact;
  g_mutex_lock (&links_lock);
  self->key = n_links++ * 40503u;
  self->sid = g_strdup_printf ("stress-%u", n_links);
  g_hash_table_insert (links, self->sid, self);
  g_mutex_unlock (&links_lock);
  return self;
}

Link *
link_ref (Link *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
link_unref (Link *self)
{
  g_mutex_lock (&links_lock);
  if (!g_atomic_ref_count_dec (&self->ref_count))
    {
      g_mutex_unlock (&links_lock);
      return;
    }
  g_hash_table_remove (links, self->sid);
  g_mutex_unlock (&links_lock);

  /* Now the writers are done: an end of file was the end of what they wrote. */
  for (guint side = 0; side < 2; side++)
    if (self->ways[side].eof && self->exact)
      g_assert_cmpuint (self->ways[side].read, ==, self->ways[side].written);
  g_mutex_clear (&self->lock);
  g_free (self->sid);
  g_free (self);
}

const char *
link_get_sid (Link *self)
{
  return self->sid;
}

End *
end_ref (End *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
end_unref (End *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_clear_object (&self->transport);
  link_unref (self->link);
  g_mutex_clear (&self->lock);
  g_free (self);
}

IBBTransport *
end_dup_transport (End *self)
{
  IBBTransport *transport;

  g_mutex_lock (&self->lock);
  transport = self->transport != NULL ? g_object_ref (self->transport) : NULL;
  g_mutex_unlock (&self->lock);
  return transport;
}

/* A thread that still uses it keeps it a little longer, and lets the last reference
 * go wherever that is. */
void
end_drop (End *self)
{
  IBBTransport *transport;

  g_mutex_lock (&self->lock);
  transport = g_steal_pointer (&self->transport);
  g_mutex_unlock (&self->lock);
  g_clear_object (&transport);

  g_mutex_lock (&pool_lock);
  if (g_ptr_array_find (pool, self, NULL))
    g_ptr_array_remove_fast (pool, self);
  g_mutex_unlock (&pool_lock);
}

static void
transport_gone_cb (gpointer data, GObject *object)
{
  g_atomic_int_add (&live_transports, -1);
}

static void
ended_cb (IBBTransport *transport, const GError *error, gpointer data)
{
  End *self = data;

  g_assert_cmpint (g_atomic_int_add (&self->n_ended, 1), ==, 0);
  g_assert_true (ibb_transport_has_ended (transport));
}

static void
unref_end (gpointer data, GClosure *closure)
{
  end_unref (data);
}

void
end_add (Link *link, guint side, IBBTransport *transport)
{
  End *self = g_new0 (End, 1);
  End *oldest = NULL;

  g_assert_cmpstr (ibb_transport_get_sid (transport), ==, link->sid);
  g_atomic_ref_count_init (&self->ref_count);
  g_mutex_init (&self->lock);
  self->link = link_ref (link);
  self->side = side;
  self->transport = transport;
  g_atomic_int_inc (&live_transports);
  g_object_weak_ref (G_OBJECT (transport), transport_gone_cb, NULL);
  g_signal_connect_data (transport, "ended", G_CALLBACK (ended_cb), end_ref (self), unref_end, 0);

  g_mutex_lock (&pool_lock);
  g_ptr_array_add (pool, self);
  if (pool->len > POOL_SIZE)
    oldest = end_ref (g_ptr_array_index (pool, 0));
  g_mutex_unlock (&pool_lock);
  if (oldest != NULL)
    {
      end_drop (oldest);
      end_unref (oldest);
    }
}

void
end_accepted (IBBTransport *transport)
{
  Link *link;

  g_mutex_lock (&links_lock);
  link = g_hash_table_lookup (links, ibb_transport_get_sid (transport));
  /* Its opener may have given up. */
  if (link != NULL)
    link_ref (link);
  g_mutex_unlock (&links_lock);
  if (link == NULL)
    {
      g_object_unref (transport);
      return;
    }
  /* Each session reaches the application once; but an open that comes twice may
   * find the first session ended already. */
  if (g_atomic_int_add (&link->n_accepted, 1) == 0)
    end_add (link, 1, transport);
  else
    {
      g_assert_true (g_atomic_int_get (&stanzas_come_twice));
      g_object_unref (transport);
    }
  link_unref (link);
}

End *
dup_some_end (Worker *worker)
{
  guint at = g_rand_int (worker->rand);
  End  *end = NULL;

  g_mutex_lock (&pool_lock);
  if (pool->len > 0)
    end = end_ref (g_ptr_array_index (pool, at % pool->len));
  g_mutex_unlock (&pool_lock);
  return end;
}

void
hold_request (IBBRequest *request)
{
  g_mutex_lock (&pool_lock);
  g_queue_push_tail (&requests, g_object_ref (request));
  g_mutex_unlock (&pool_lock);
}

IBBRequest *
take_request (void)
{
  IBBRequest *request;

  g_mutex_lock (&pool_lock);
  request = g_queue_pop_head (&requests);
  g_mutex_unlock (&pool_lock);
  return request;
}

gboolean
end_grab (int *flag)
{
  return g_atomic_int_compare_and_exchange (flag, FALSE, TRUE);
}

void
end_release (int *flag)
{
  g_assert_true (g_atomic_int_compare_and_exchange (flag, TRUE, FALSE));
}

int *
end_reading (End *self)
{
  return &self->reading;
}

int *
end_writing (End *self)
{
  return &self->writing;
}

gboolean
end_begin_close (End *self)
{
  return end_grab (&self->closing);
}

gboolean
end_is_closing (End *self)
{
  return g_atomic_int_get (&self->closing);
}

void
end_set_orderly (End *self)
{
  g_mutex_lock (&self->link->lock);
  self->link->ways[self->side].orderly = TRUE;
  g_mutex_unlock (&self->link->lock);
}

void
end_prepare_write (End *self, guint8 *bytes, gsize count)
{
  Way    *way = &self->link->ways[self->side];
  guint64 position;

  g_mutex_lock (&self->link->lock);
  position = way->written;
  way->attempted = position + count;
  g_mutex_unlock (&self->link->lock);
  for (gsize i = 0; i < count; i++)
    bytes[i] = get_pattern (self->link, self->side, position + i);
}

void
end_wrote (End *self, IBBTransport *transport, gssize n, gboolean exactly)
{
  Way    *way = &self->link->ways[self->side];
  guint64 total = 0;

  /* Both counters may move between the two calls, but bytes only go from one to the other: read in
   * this order, their sum is no less than what was written. */
  if (transport != NULL)
    {
      guint64 sent;

      do
        {
          sent = ibb_transport_get_bytes_acknowledged (transport);
          total = sent + ibb_transport_get_bytes_queued (transport);
        }
      while (sent != ibb_transport_get_bytes_acknowledged (transport));
    }

  g_mutex_lock (&self->link->lock);
  if (exactly)
    {
      way->written += n > 0 ? (guint64) n : 0;
      /* Nothing was lost or doubled, however the write ended (D-46). */
      if (transport != NULL)
        g_assert_cmpuint (total, ==, way->written);
    }
  else
    {
      g_assert_cmpuint (total, >=, way->written);
      way->written = total;
    }
  g_assert_cmpuint (way->written, <=, way->attempted);
  way->attempted = way->written;
  g_mutex_unlock (&self->link->lock);
}

void
end_read (End *self, const guint8 *bytes, gssize n)
{
  Way *way = &self->link->ways[!self->side];
  Way *back = &self->link->ways[self->side];

  if (n < 0)
    return;
  g_mutex_lock (&self->link->lock);
  for (gssize i = 0; i < n; i++)
    if (bytes[i] != get_pattern (self->link, !self->side, way->read + (guint64) i))
      g_error ("%s: byte %" G_GUINT64_FORMAT " of side %u is wrong", self->link->sid,
               way->read + (guint64) i, !self->side);
  way->read += (guint64) n;
  g_assert_cmpuint (way->read, <=, MAX (way->attempted, way->written));
  g_atomic_pointer_add (&n_read, (gssize) n);
  if (n > 0)
    g_assert_false (way->eof);
  else if (!way->eof)
    {
      way->eof = TRUE;
      g_atomic_int_inc (&n_eofs);
      /* There is an end of file only if one of both has closed. */
      g_assert_true (way->orderly || back->orderly);
      if (self->link->exact)
        g_assert_cmpuint (way->read, >=, way->written);
    }
  g_mutex_unlock (&self->link->lock);
}

/* Checks the result of a read, a write, a flush, a drain, a shutdown or a close. */
void
check_stream_error (const GError *error, End *end)
{
  if (error == NULL)
    return;
  g_assert_true (error->domain == G_IO_ERROR);
  switch (error->code)
    {
    case G_IO_ERROR_CANCELLED:
    case G_IO_ERROR_TIMED_OUT:
    case G_IO_ERROR_CLOSED:
    case G_IO_ERROR_BROKEN_PIPE:
    case G_IO_ERROR_FAILED:
    case G_IO_ERROR_INVALID_DATA:
      break;
    case G_IO_ERROR_PENDING:
      /* GIO, while the transport or the half is being closed elsewhere. */
      g_assert_true (end_is_closing (end));
      break;
    default:
      g_error ("an error that no stream may report: %s", error->message);
    }
}

void
ends_init (void)
{
  pool = g_ptr_array_new_with_free_func ((GDestroyNotify) end_unref);
  links = g_hash_table_new (g_str_hash, g_str_equal);
}

void
ends_print (void)
{
  g_print ("# %u sessions, %u ends of file, %" G_GSIZE_FORMAT " KiB read\n", n_links, n_eofs,
           n_read / 1024);
}

/* Drops what the application still has. */
void
ends_drop_all (void)
{
  IBBRequest *request;

  while ((request = take_request ()) != NULL)
    g_object_unref (request);
  for (;;)
    {
      g_autoptr (GPtrArray) ends = g_ptr_array_new_with_free_func ((GDestroyNotify) end_unref);

      g_mutex_lock (&pool_lock);
      for (guint i = 0; i < pool->len; i++)
        g_ptr_array_add (ends, end_ref (g_ptr_array_index (pool, i)));
      g_mutex_unlock (&pool_lock);
      for (guint i = 0; i < ends->len; i++)
        end_drop (g_ptr_array_index (ends, i));
      if (ends->len == 0)
        return;
    }
}

gboolean
ends_are_gone (void)
{
  gboolean gone;

  g_mutex_lock (&links_lock);
  gone = g_hash_table_size (links) == 0 && g_atomic_int_get (&live_transports) == 0;
  g_mutex_unlock (&links_lock);
  return gone;
}

void
ends_clear (void)
{
  g_assert_cmpuint (pool->len, ==, 0);
  g_clear_pointer (&pool, g_ptr_array_unref);
  g_clear_pointer (&links, g_hash_table_unref);
}
