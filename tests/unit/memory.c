/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The memory that received bytes take, to the byte (D-23). */

#include "config.h"

#include "core/peer/memory.h"

#define LIMIT 1001

typedef struct
{
  IBBSettings settings;
  IBBControl  control;
  IBBMemory   memory;
} Fixture;

static void
init (Fixture *self, gconstpointer data)
{
  *self = (Fixture){ .settings = IBB_SETTINGS_INIT, .control = { .entries = G_QUEUE_INIT } };
  self->settings.receive_memory_limit = LIMIT;
  ibb_memory_init (&self->memory, &self->settings, &self->control);
}

static void
clear (Fixture *self, gconstpointer data)
{
  ibb_control_clear (&self->control);
}

/* Unread bytes, records and replies that wait to be sent are taken. */
static void
test_taken (Fixture *self, gconstpointer data)
{
  GQueue ids = G_QUEUE_INIT;
  gsize  replies;

  g_queue_push_tail (&ids, g_strdup ("id"));
  ibb_control_push_replies (&self->control, NULL, NULL, FALSE, &ids);
  replies = ibb_control_get_replies_size (&self->control);
  self->memory.unread += 100;
  self->memory.records += (LIMIT / 2 - 100 - replies);
  g_assert_false (ibb_memory_is_half_taken (&self->memory));
  self->memory.records += 1;
  g_assert_true (ibb_memory_is_half_taken (&self->memory));
  self->memory.unread += (LIMIT / 2);
  g_assert_false (ibb_memory_is_short (&self->memory));
  self->memory.unread += 1;
  g_assert_true (ibb_memory_is_short (&self->memory));
}

/* Half of it is divided among the sessions, but each has two blocks. */
static void
test_share (Fixture *self, gconstpointer data)
{
  g_assert_cmpuint (ibb_memory_get_share (&self->memory, 1), ==, LIMIT / 2);
  self->memory.n_sharers++;
  g_assert_cmpuint (ibb_memory_get_share (&self->memory, 1), ==, LIMIT / 2);
  self->memory.n_sharers++;
  g_assert_cmpuint (ibb_memory_get_share (&self->memory, 1), ==, LIMIT / 4);
  g_assert_cmpuint (ibb_memory_get_share (&self->memory, LIMIT), ==, 2 * LIMIT);
}

/* Sessions that wait are told once that there is room, or that their share has grown. */
static void
test_freed (Fixture *self, gconstpointer data)
{
  IBBMemory *memory = &self->memory;

  memory->n_sharers++;
  memory->unread += (LIMIT + 2);
  ibb_memory_remove_unread (memory, 1);
  g_assert_false (ibb_memory_take_freed (memory));
  ibb_memory_remove_unread (memory, 1);
  g_assert_true (ibb_memory_take_freed (memory));
  g_assert_false (ibb_memory_take_freed (memory));
  memory->records += 2;
  ibb_memory_remove_records (memory, 1);
  g_assert_false (ibb_memory_take_freed (memory));
  ibb_memory_remove_records (memory, 1);
  g_assert_true (ibb_memory_take_freed (memory));
  ibb_memory_remove_sharer (memory);
  g_assert_true (ibb_memory_take_freed (memory));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/ibb/memory/taken/D-23", Fixture, NULL, init, test_taken, clear);
  g_test_add ("/ibb/memory/share/D-23", Fixture, NULL, init, test_share, clear);
  g_test_add ("/ibb/memory/freed/D-23", Fixture, NULL, init, test_freed, clear);
  return g_test_run ();
}
