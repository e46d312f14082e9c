/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/presences.h"

#include <string.h>

#include "base/lock.h"
#include "core/base/jid.h"
#include "ibb-stanza.h"

/* Bytes of resources that are kept. Strangers can send presence as well. */
#define MAX_SIZE (4 * 1024 * 1024)

typedef struct
{
  char    *jid;  /* full, in its normal form */
  char    *bare; /* of that */
  int      priority;
  guint64  serial; /* larger: came later */
  gboolean is_available;
  gboolean is_told; /* the application knows is_available */
} Presence;

struct _IBBPresences
{
  guint signal;

  GMutex lock;
  /* protected by lock */
  GHashTable *presences; /* jid to Presence (owned) */
  GQueue      changes;   /* (element-type Presence): those that are not told, each once */
  gsize       size;      /* bytes, about */
  guint64     n;
};

static void
presence_free (gpointer data)
{
  Presence *presence = data;

  g_free (presence->jid);
  g_free (presence->bare);
  g_free (presence);
}

static gsize
get_size (const char *jid)
{
  return sizeof (Presence) + 2 * strlen (jid);
}

IBBPresences *
ibb_presences_new (guint signal)
{
  IBBPresences *self = g_new0 (IBBPresences, 1);

  self->signal = signal;
  g_mutex_init (&self->lock);
  self->presences = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, presence_free);
  return self;
}

void
ibb_presences_free (IBBPresences *self)
{
  g_queue_clear (&self->changes);
  g_hash_table_unref (self->presences);
  g_mutex_clear (&self->lock);
  g_free (self);
}

static void
change_locked (IBBPresences *self, Presence *presence, gboolean is_available)
{
  presence->is_available = is_available;
  if (presence->is_told)
    g_queue_push_tail (&self->changes, presence);
  presence->is_told = FALSE;
}

static Presence *
add_locked (IBBPresences *self, const char *jid)
{
  Presence *presence;

  if (self->size + get_size (jid) > MAX_SIZE)
    return NULL;
  presence = g_new0 (Presence, 1);
  presence->jid = g_strdup (jid);
  presence->bare = ibb_jid_dup_bare (jid);
  presence->is_told = TRUE;
  self->size += get_size (jid);
  g_hash_table_insert (self->presences, presence->jid, presence);
  return presence;
}

static int
read_priority (const IBBStanza *stanza)
{
  g_autoptr (IBBElement) element = ibb_stanza_dup_element ((IBBStanza *) stanza);
  IBBElement            *priority = ibb_element_get_child (element, "priority", "jabber:client");

  return priority != NULL
             ? (int) CLAMP (g_ascii_strtoll (ibb_element_get_text (priority), NULL, 10), -128, 127)
             : 0;
}

gboolean
ibb_presences_take (IBBPresences *self, const IBBStanza *stanza, const char *local_jid)
{
  g_autofree char *jid = NULL;
  Presence        *presence;
  gboolean         is_available = stanza->kind == NULL;
  gboolean         has_change;
  int              priority = 0;

  if (stanza->name != IBB_STANZA_PRESENCE || stanza->from == NULL ||
      ibb_jid_get_resource (stanza->from) == NULL || ibb_jid_equal (stanza->from, local_jid) ||
      !(is_available || ibb_stanza_record_is_kind (stanza, "unavailable") ||
        ibb_stanza_record_is_kind (stanza, "error")))
    return FALSE;
  jid = ibb_jid_normalize (stanza->from);
  if (jid == NULL)
    return FALSE;
  if (is_available)
    priority = read_priority (stanza);

  g_mutex_lock (&self->lock);
  presence = g_hash_table_lookup (self->presences, jid);
  if (presence == NULL && is_available)
    presence = add_locked (self, jid);
  if (presence != NULL && presence->is_available != is_available)
    change_locked (self, presence, is_available);
  if (presence != NULL && is_available)
    {
      presence->priority = priority;
      presence->serial = self->n++;
    }
  has_change = !g_queue_is_empty (&self->changes);
  g_mutex_unlock (&self->lock);

  return has_change;
}

gboolean
ibb_presences_clear (IBBPresences *self)
{
  IBB_AUTO_LOCK (&self->lock);
  GHashTableIter iter;
  gpointer       value;
  gboolean       has_change;

  g_hash_table_iter_init (&iter, self->presences);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    if (((Presence *) value)->is_available)
      change_locked (self, value, FALSE);
  has_change = !g_queue_is_empty (&self->changes);
  return has_change;
}

gboolean
ibb_presences_take_change (IBBPresences *self, char **jid, gboolean *is_available)
{
  Presence *presence;

  g_mutex_lock (&self->lock);
  presence = g_queue_pop_head (&self->changes);
  if (presence != NULL)
    {
      *jid = g_strdup (presence->jid);
      *is_available = presence->is_available;
      presence->is_told = TRUE;
      if (!presence->is_available)
        {
          self->size -= get_size (presence->jid);
          g_hash_table_remove (self->presences, presence->jid);
        }
    }
  g_mutex_unlock (&self->lock);

  return presence != NULL;
}

void
ibb_presences_tell (IBBPresences *self, gpointer client)
{
  char    *jid;
  gboolean is_available;

  while (ibb_presences_take_change (self, &jid, &is_available))
    {
      g_signal_emit (client, self->signal, 0, jid, is_available);
      g_free (jid);
    }
}

static int
compare (gconstpointer a, gconstpointer b)
{
  const Presence *first = *(const Presence *const *) a;
  const Presence *second = *(const Presence *const *) b;

  if (first->priority != second->priority)
    return first->priority > second->priority ? -1 : 1;
  return first->serial > second->serial ? -1 : 1;
}

char **
ibb_presences_dup_resources (IBBPresences *self, const char *contact)
{
  g_autofree char      *bare = ibb_jid_dup_bare (contact);
  g_autofree char      *normal = ibb_jid_normalize (bare);
  g_autoptr (GPtrArray) found = g_ptr_array_new ();
  GStrvBuilder         *builder = g_strv_builder_new ();
  char                **jids;
  GHashTableIter        iter;
  gpointer              value;

  g_mutex_lock (&self->lock);
  g_hash_table_iter_init (&iter, self->presences);
  while (normal != NULL && g_hash_table_iter_next (&iter, NULL, &value))
    if (((Presence *) value)->is_available && g_str_equal (((Presence *) value)->bare, normal))
      g_ptr_array_add (found, value);
  g_ptr_array_sort (found, compare);
  for (guint i = 0; i < found->len; i++)
    g_strv_builder_add (builder, ((Presence *) g_ptr_array_index (found, i))->jid);
  g_mutex_unlock (&self->lock);

  jids = g_strv_builder_end (builder);
  g_strv_builder_unref (builder);
  return jids;
}
