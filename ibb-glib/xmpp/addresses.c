/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/addresses.h"

#include <string.h>

#include "base/lock.h"
#include "core/base/jid.h"

struct _IBBAddresses
{
  char *domain; /* (nullable): normalised, immutable */

  GMutex lock;
  /* protected by lock */
  gboolean    has_any;
  GHashTable *named; /* (owned) (element-type utf8): bare JIDs, normalised */
};

IBBAddresses *
ibb_addresses_new (void)
{
  IBBAddresses *self = g_new0 (IBBAddresses, 1);

  g_mutex_init (&self->lock);
  self->has_any = TRUE;
  self->named = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  return self;
}

void
ibb_addresses_free (IBBAddresses *self)
{
  g_free (self->domain);
  g_hash_table_unref (self->named);
  g_mutex_clear (&self->lock);
  g_free (self);
}

void
ibb_addresses_set_domain (IBBAddresses *self, const char *domain)
{
  self->domain = ibb_jid_normalize (domain);
}

gboolean
ibb_addresses_has_any (IBBAddresses *self)
{
  IBB_AUTO_LOCK (&self->lock);

  return self->has_any;
}

gboolean
ibb_addresses_set_any (IBBAddresses *self, gboolean has_any)
{
  IBB_AUTO_LOCK (&self->lock);
  gboolean changed = self->has_any != !!has_any;

  self->has_any = !!has_any;
  return changed;
}

/* The normalised bare JID; NULL if the JID is foreign. */
static char *
dup_own (const IBBAddresses *self, const char *jid)
{
  g_autofree char *normal = ibb_jid_normalize (jid);

  if (normal == NULL || self->domain == NULL || !ibb_jid_is_of_domain (normal, self->domain))
    return NULL;
  return ibb_jid_dup_bare (normal);
}

gboolean
ibb_addresses_add (IBBAddresses *self, const char *jid)
{
  char *own = dup_own (self, jid);

  if (own == NULL)
    return FALSE;

  g_mutex_lock (&self->lock);
  g_hash_table_add (self->named, own);
  g_mutex_unlock (&self->lock);
  return TRUE;
}

gboolean
ibb_addresses_remove (IBBAddresses *self, const char *jid)
{
  g_autofree char *own = dup_own (self, jid);
  gboolean         was_there;

  if (own == NULL)
    return FALSE;

  g_mutex_lock (&self->lock);
  was_there = g_hash_table_remove (self->named, own);
  g_mutex_unlock (&self->lock);
  return was_there;
}

IBBAddress
ibb_addresses_look_up (IBBAddresses *self, const char *jid)
{
  g_autofree char *own = NULL;
  gboolean         is_known;

  if (jid == NULL || self->domain == NULL || !ibb_jid_is_of_domain (jid, self->domain))
    return IBB_ADDRESS_FOREIGN;
  if (ibb_addresses_has_any (self))
    return IBB_ADDRESS_KNOWN;

  own = dup_own (self, jid);
  if (own == NULL)
    return IBB_ADDRESS_FOREIGN;
  if (strcmp (own, self->domain) == 0)
    return IBB_ADDRESS_KNOWN;

  g_mutex_lock (&self->lock);
  is_known = g_hash_table_contains (self->named, own);
  g_mutex_unlock (&self->lock);
  return is_known ? IBB_ADDRESS_KNOWN : IBB_ADDRESS_UNKNOWN;
}
