/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The writers of a simulated disk, of whom one at a time runs. */

#include "config.h"

#include "fake-disk.h"

static GPrivate writer_key;

/* With the lock: gives the turn to some writer that runs. */
static void
pass_turn (FakeDisk *self)
{
  int start = g_rand_int_range (self->random, 0, FAKE_DISK_WRITERS_MAX);

  for (int i = 0; i < FAKE_DISK_WRITERS_MAX; i++)
    if (self->runs[(start + i) % FAKE_DISK_WRITERS_MAX])
      {
        self->turn = (start + i) % FAKE_DISK_WRITERS_MAX;
        break;
      }
  g_cond_broadcast (&self->turned);
}

static void
wait_for_turn (FakeDisk *self, int writer)
{
  while (self->turn != writer)
    g_cond_wait (&self->turned, &self->lock);
}

void
fake_disk_set_writer (guint writer)
{
  g_private_set (&writer_key, GUINT_TO_POINTER (writer));
}

int
fake_disk_get_writer (void)
{
  return GPOINTER_TO_INT (g_private_get (&writer_key));
}

void
fake_disk_wait_for_others (FakeDisk *self)
{
  int writer = fake_disk_get_writer ();

  g_mutex_lock (&self->lock);
  if (self->runs[writer])
    {
      pass_turn (self);
      wait_for_turn (self, writer);
    }
  g_mutex_unlock (&self->lock);
}

typedef struct
{
  FakeDisk   *disk;
  int         writer;
  GThreadFunc function;
  gpointer    data;
} Start;

static gpointer
run_writer (gpointer data)
{
  Start    *start = data;
  FakeDisk *disk = start->disk;

  fake_disk_set_writer ((guint) start->writer);
  g_mutex_lock (&disk->lock);
  wait_for_turn (disk, start->writer);
  g_mutex_unlock (&disk->lock);
  start->function (start->data);
  g_mutex_lock (&disk->lock);
  disk->runs[start->writer] = FALSE;
  pass_turn (disk);
  g_mutex_unlock (&disk->lock);
  return NULL;
}

void
fake_disk_run (FakeDisk *self, guint n_writers, GThreadFunc function, gpointer *data)
{
  Start    starts[FAKE_DISK_WRITERS_MAX];
  GThread *threads[FAKE_DISK_WRITERS_MAX];

  self->turn = -1;
  for (guint i = 0; i < n_writers; i++)
    {
      self->runs[i] = TRUE;
      starts[i] = (Start){ self, (int) i, function, data[i] };
      threads[i] = g_thread_new ("writer", run_writer, &starts[i]);
    }
  g_mutex_lock (&self->lock);
  pass_turn (self);
  g_mutex_unlock (&self->lock);
  for (guint i = 0; i < n_writers; i++)
    g_thread_join (threads[i]);
}
