/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/session/expectation.h"

struct _IBBExpectation
{
  char    *key;             /* "sid\npeer\nlocal" */
  guint    block_size;      /* 0: any */
  gboolean has_stanza_type; /* else any */
  gboolean by_message;
  gpointer data;
};

struct _IBBExpectations
{
  GHashTable *by_key; /* (element-type utf8 IBBExpectation): owned */
};

static void
expectation_free (gpointer data)
{
  IBBExpectation *self = data;

  g_free (self->key);
  g_free (self);
}

static char *
create_key (const char *local, const char *peer, const char *sid)
{
  /* Neither a sid nor a normalised JID has a control character. */
  return g_strconcat (sid, "\n", peer, "\n", local, NULL);
}

IBBExpectations *
ibb_expectations_new (void)
{
  IBBExpectations *self = g_new0 (IBBExpectations, 1);

  self->by_key = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, expectation_free);
  return self;
}

void
ibb_expectations_free (IBBExpectations *self)
{
  g_hash_table_unref (self->by_key);
  g_free (self);
}

IBBExpectation *
ibb_expectations_add (IBBExpectations *self,
                      const char      *local,
                      const char      *peer,
                      const char      *sid,
                      guint            block_size,
                      gpointer         data)
{
  g_autofree char *key = create_key (local, peer, sid);
  IBBExpectation  *expectation;

  if (g_hash_table_contains (self->by_key, key))
    return NULL;

  expectation = g_new0 (IBBExpectation, 1);
  expectation->key = g_steal_pointer (&key);
  expectation->block_size = block_size;
  expectation->data = data;
  g_hash_table_insert (self->by_key, expectation->key, expectation);
  return expectation;
}

IBBExpectation *
ibb_expectations_find (IBBExpectations *self, const char *local, const char *peer, const char *sid)
{
  g_autofree char *key = create_key (local, peer, sid);

  return g_hash_table_lookup (self->by_key, key);
}

GList *
ibb_expectations_list (IBBExpectations *self)
{
  return g_list_reverse (g_hash_table_get_values (self->by_key));
}

gboolean
ibb_expectations_are_empty (IBBExpectations *self)
{
  return g_hash_table_size (self->by_key) == 0;
}

void
ibb_expectations_remove (IBBExpectations *self, IBBExpectation *expectation)
{
  g_hash_table_remove (self->by_key, expectation->key);
}

void
ibb_expectation_set_stanza_type (IBBExpectation *self, gboolean by_message)
{
  self->has_stanza_type = TRUE;
  self->by_message = by_message;
}

gboolean
ibb_expectation_accepts_stanza_type (const IBBExpectation *self, gboolean by_message)
{
  return !self->has_stanza_type || self->by_message == by_message;
}

gboolean
ibb_expectation_accepts (const IBBExpectation *self, guint block_size, guint max_block_size)
{
  return self->block_size == 0 ? block_size <= max_block_size : block_size == self->block_size;
}

gpointer
ibb_expectation_get_data (const IBBExpectation *self)
{
  return self->data;
}
