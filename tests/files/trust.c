/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The lists of known certificates and the keys that programs share, whatever happens to their
 * disk: what was said to be known, forgotten or stored is so after a power cut; nothing of others
 * is lost; a key is whole, and nobody else can read it; nothing else is left. */

#include "config.h"

#include "schedules.h"
#include "xmpp/trust/ibb-xmpp-known-certificates-private.h"
#include "xmpp/trust/ibb-xmpp-known-certificates.h"
#include "xmpp/trust/key-file.h"

#include <string.h>
#include <unistd.h>

#define PLACE FAKE_DISK_FOLDER "/place"
#define N_CERTIFICATES 3
#define N_NAMES 2 /* of each program */
#define SHARED "all.example"
#define FOREIGN "# written by hand\n0123 all.example\n\n"

/* The place may be a link to another one, and somebody may put something at each. */
static const char *const places[] = { "place", "place.new", "target", "target.new", "other", NULL };

static GTlsCertificate *certificates[N_CERTIFICATES];
static char            *digits[N_CERTIFICATES];

/* What a name must have, and what it may have since a call has failed: bits of certificates. */
typedef struct
{
  guint must;
  guint may;
} State;

/* A program. */
typedef struct
{
  guint32  seed;
  GRand   *random; /* (unowned) */
  guint    number;
  gboolean is_quiet; /* nothing may fail */
  State    names[N_NAMES];
  gboolean has_shared;  /* its certificate was said to be known for the shared name */
  char    *fingerprint; /* (owned) (nullable): of the key that it was given */
} Program;

typedef struct
{
  guint32   seed;
  FakeDisk *disk;
  Program   programs[FAKE_DISK_WRITERS_MAX + 2]; /* and two later ones */
  guint     n_programs;
  gboolean  was_cut;
  gboolean  has_list; /* from the beginning */
} Schedule;

static char *
dup_name (guint program, guint i)
{
  return g_strdup_printf ("%u-%u.example", program, i);
}

/* What a program does to a list. */

static void
change_name (Program *self, IBBXmppKnownCertificates *known, guint i, int what)
{
  g_autofree char   *name = dup_name (self->number, i);
  State             *state = &self->names[i];
  guint              which = (guint) g_rand_int_range (self->random, 0, N_CERTIFICATES);
  guint              bit = 1u << which;
  g_autoptr (GError) error = NULL;
  guint              old = state->must;
  IBBXmppTrust       trust;

  switch (what)
    {
    case 3:
      state->must = 0;
      if (ibb_xmpp_known_certificates_forget (known, name, &error))
        state->may = 0;
      break;
    case 1:
      state->must &= bit;
      state->may |= bit;
      if (ibb_xmpp_known_certificates_replace (known, name, certificates[which], &error))
        state->must = state->may = bit;
      break;
    case 2:
      trust = ibb_xmpp_known_certificates_check (known, name, certificates[which]);
      judge (self->seed, trust != IBB_XMPP_TRUST_KNOWN || (state->may & bit) != 0, "“%s” is known",
             name);
      judge (self->seed, trust == IBB_XMPP_TRUST_KNOWN || (old & bit) == 0 || !self->is_quiet,
             "“%s” is not known", name);
      break;
    case 0:
      state->may |= bit;
      if (ibb_xmpp_known_certificates_add (known, name, certificates[which], &error))
        state->must |= bit;
    }
  judge (self->seed, error == NULL || !self->is_quiet, "%s", error->message);
}

static gpointer
use_list (gpointer data)
{
  Program                             *self = data;
  g_autoptr (IBBXmppKnownCertificates) known = ibb_xmpp_known_certificates_new (PLACE);
  g_autoptr (GError)                   error = NULL;
  int                                  n = g_rand_int_range (self->random, 2, 6);

  for (int i = 0; i < n; i++)
    change_name (self, known, (guint) g_rand_int_range (self->random, 0, N_NAMES),
                 i == 0 ? 0 : g_rand_int_range (self->random, 0, 4));
  self->has_shared =
      ibb_xmpp_known_certificates_add (known, SHARED, certificates[self->number % 2], &error);
  judge (self->seed, self->has_shared || !self->is_quiet, "%s", error->message);
  return NULL;
}

static gpointer
use_key (gpointer data)
{
  Program                    *self = data;
  g_autoptr (GError)          error = NULL;
  g_autoptr (GTlsCertificate) key = ibb_key_file_load (PLACE, &error);

  judge (self->seed, key != NULL || !self->is_quiet, "%s", error->message);
  if (key != NULL)
    self->fingerprint = ibb_xmpp_known_certificates_dup_fingerprint (key);
  return NULL;
}

/* The judge. */

/* What the links lead to. */
static const FakeDiskFile *
find (Schedule *self)
{
  const FakeDiskFile *file = g_hash_table_lookup (self->disk->names, "place");

  for (guint i = 0; i < 40 && file != NULL && file->kind == FAKE_DISK_LINK; i++)
    file = g_hash_table_lookup (self->disk->names, file->bytes->str);
  return file;
}

/* What may be there: the file, what others have put there, and what a program has left that was
 * interrupted. Returns how many files that are. */
static guint
judge_folder (Schedule *self)
{
  FakeDisk      *disk = self->disk;
  gboolean       may_be_left = self->was_cut || disk->n_killed > 0 || disk->n_faults > 0;
  guint          n_left = 0;
  GHashTableIter iter;
  gpointer       key, value;

  /* Where a file can only get its name by replacing what has it, there is a moment between a look
   * at the name and that. */
  judge (self->seed, disk->n_lost == 0 || (!disk->has_rename && !disk->has_links),
         "something of somebody else is gone");
  g_hash_table_iter_init (&iter, disk->names);
  while (g_hash_table_iter_next (&iter, &key, &value))
    {
      const char         *name = key;
      const FakeDiskFile *file = value;

      if (file->is_planted)
        judge (self->seed,
               g_str_has_prefix (file->bytes->str, file->kind == FAKE_DISK_LINK ? "" : "planted"),
               "“%s” of somebody else was written to", name);
      else if (g_str_has_suffix (name, ".new"))
        {
          judge (self->seed, may_be_left, "“%s” is left", name);
          n_left++;
        }
      else
        judge (self->seed, file == find (self), "a file “%s”", name);
    }
  return n_left;
}

/* Removes the line from the text. Returns whether it was there. */
static gboolean
take_line (GString *text, const char *certificate, const char *name)
{
  g_autofree char *line = g_strdup_printf ("%s %s\n", certificate, name);
  char            *start = strstr (text->str, line);

  if (start == NULL)
    return FALSE;
  g_string_erase (text, start - text->str, (gssize) strlen (line));
  return TRUE;
}

static void
judge_name (Schedule *self, GString *text, const char *name, const State *state)
{
  for (guint i = 0; i < N_CERTIFICATES; i++)
    {
      guint bit = 1u << i;

      if (take_line (text, digits[i], name))
        judge (self->seed, (state->may & bit) != 0, "a certificate of “%s” is known", name);
      else
        judge (self->seed, (state->must & bit) == 0, "a certificate of “%s” is not known", name);
    }
}

static void
judge_list (Schedule *self)
{
  const FakeDiskFile *file = find (self);
  g_autoptr (GString) text =
      g_string_new (file != NULL && file->kind == FAKE_DISK_FILE ? file->bytes->str : "");
  State shared = { 0, (1u << N_CERTIFICATES) - 1 };

  for (guint number = 0; number < self->n_programs; number++)
    {
      const Program *program = &self->programs[number];

      shared.must |= program->has_shared ? 1u << (number % 2) : 0;
      for (guint i = 0; i < N_NAMES; i++)
        {
          g_autofree char *name = dup_name (number, i);

          judge_name (self, text, name, &program->names[i]);
        }
    }
  judge_name (self, text, SHARED, &shared);
  judge (self->seed,
         g_str_equal (text->str, FOREIGN) ||
             (!self->has_list && (text->len == 0 || g_str_equal (text->str, "planted") ||
                                  g_str_equal (text->str, "planted\n"))),
         "the list has other lines: “%s”", text->str);
}

static void
judge_key (Schedule *self)
{
  const FakeDiskFile         *file = find (self);
  g_autoptr (GTlsCertificate) key = NULL;
  g_autofree char            *fingerprint = NULL;

  if (file != NULL && !file->is_planted)
    {
      key = g_tls_certificate_new_from_pem (file->bytes->str, -1, NULL);
      judge (self->seed, key != NULL, "the key has %u bytes", (guint) file->bytes->len);
      judge (self->seed, (file->mode & 077) == 0, "the key has the mode %o", file->mode);
      fingerprint = ibb_xmpp_known_certificates_dup_fingerprint (key);
    }
  for (guint i = 0; i < self->n_programs; i++)
    judge (self->seed,
           self->programs[i].fingerprint == NULL ||
               g_strcmp0 (self->programs[i].fingerprint, fingerprint) == 0,
           "a program has another key");
}

/* Schedules. */

typedef struct
{
  GThreadFunc use;
  void (*check) (Schedule *self);
} Room;

static const Room list_room = { use_list, judge_list };
static const Room key_room = { use_key, judge_key };

static void
add_program (Schedule *self)
{
  Program *program = &self->programs[self->n_programs];

  *program =
      (Program){ .seed = self->seed, .random = self->disk->random, .number = self->n_programs++ };
}

/* Before anything goes wrong. */
static void
make_place (Schedule *self, const Room *room)
{
  FakeDisk *disk = self->disk;
  gboolean  is_link = g_rand_int_range (disk->random, 0, 4) == 0;
  int       folder;

  disk->has_no_folder = g_rand_int_range (disk->random, 0, 4) == 0;
  if (disk->has_no_folder)
    return;
  self->has_list = room == &list_room && g_rand_boolean (disk->random);
  if (is_link)
    fake_disk_plant (disk, "place", FAKE_DISK_LINK, geteuid (), "target");
  if (self->has_list)
    {
      fake_disk_plant (disk, is_link ? "target" : "place", FAKE_DISK_FILE, geteuid (), FOREIGN);
      ((FakeDiskFile *) find (self))->is_planted = FALSE;
    }
  folder = ibb_disk->open_folder (FAKE_DISK_FOLDER);
  ibb_disk->sync (folder);
  ibb_disk->close (folder);
  disk->n_planted = disk->n_calls = 0;
}

static void
run_programs (Schedule *self, guint first, const Room *room)
{
  gpointer data[FAKE_DISK_WRITERS_MAX];

  for (guint i = first; i < self->n_programs; i++)
    data[i - first] = &self->programs[i];
  fake_disk_run (self->disk, self->n_programs - first, room->use, data);
  judge (self->seed, self->disk->is_off || self->disk->n_open == 0, "%u descriptors stay open",
         self->disk->n_open);
  self->disk->is_off |= g_rand_boolean (self->disk->random);
  self->was_cut |= self->disk->is_off;
  fake_disk_restart (self->disk);
  judge_folder (self);
  room->check (self);
}

/* A later program is killed; the next one does what it has to, unless somebody has planted
 * something, or what was left may be somebody's. Then the power is cut once more. */
static void
judge_next (Schedule *self, const Room *room)
{
  FakeDisk *disk = self->disk;
  gboolean  is_free;

  disk->kill_at = disk->n_calls + (guint) g_rand_int_range (disk->random, 1, 60);
  add_program (self);
  run_programs (self, self->n_programs - 1, room);
  is_free = disk->n_planted == 0 && (disk->has_locks || judge_folder (self) == 0);
  add_program (self);
  self->programs[self->n_programs - 1].is_quiet = is_free;
  run_programs (self, self->n_programs - 1, room);
  judge (self->seed, !is_free || judge_folder (self) == 0 || room == &key_room,
         "the next program leaves something");
  disk->is_off = TRUE;
  fake_disk_restart (disk);
  room->check (self);
}

static guint
run_schedule (guint32 seed, const ScheduleEach *each, const Room *room)
{
  Schedule self = { .seed = seed, .disk = fake_disk_new (seed) };
  guint    n_programs = 1;
  guint    n_calls;
  gboolean is_quiet;

  self.disk->places = places;
  make_place (&self, room);
  is_quiet = schedules_plan (self.disk, each);
  if (each == NULL)
    n_programs = (guint) g_rand_int_range (self.disk->random, 1, FAKE_DISK_WRITERS_MAX + 1);
  for (guint i = 0; i < n_programs; i++)
    {
      add_program (&self);
      self.programs[i].is_quiet = is_quiet;
    }
  run_programs (&self, 0, room);
  n_calls = self.disk->n_calls;
  judge_next (&self, room);
  for (guint i = 0; i < self.n_programs; i++)
    g_free (self.programs[i].fingerprint);
  fake_disk_free (self.disk);
  return n_calls;
}

static guint
run_list (guint32 seed, const ScheduleEach *each)
{
  return run_schedule (seed, each, &list_room);
}

static guint
run_key (guint32 seed, const ScheduleEach *each)
{
  return run_schedule (seed, each, &key_room);
}

/* A program that was stopped within a change keeps the lock. */
static void
test_stopped (void)
{
  FakeDisk                            *disk = fake_disk_new (1);
  g_autoptr (IBBXmppKnownCertificates) known = ibb_xmpp_known_certificates_new (PLACE);
  g_autoptr (GError)                   error = NULL;

  g_assert_true (ibb_xmpp_known_certificates_add (known, SHARED, certificates[0], NULL));
  fake_disk_plant (disk, "place.new", FAKE_DISK_FILE, geteuid (), "planted");
  ((FakeDiskFile *) g_hash_table_lookup (disk->names, "place.new"))->holder = 1;
  g_assert_false (ibb_xmpp_known_certificates_forget (known, SHARED, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_BUSY);
  g_assert_cmpint (ibb_xmpp_known_certificates_check (known, SHARED, certificates[0]), ==,
                   IBB_XMPP_TRUST_KNOWN);
  fake_disk_free (disk);
}

/* A lock that fails, of the new file and of one that was left, is the reason that is told. */
static void
test_lock (void)
{
  guint n_told = 0;

  for (guint call = 1; call <= 20; call++)
    {
      FakeDisk                            *disk = fake_disk_new (1);
      g_autoptr (IBBXmppKnownCertificates) known = ibb_xmpp_known_certificates_new (PLACE);
      g_autoptr (GError)                   error = NULL;

      fake_disk_plant (disk, "place.new", FAKE_DISK_FILE, geteuid (), "planted");
      disk->fails_at = disk->n_calls + call;
      disk->failure = 1;
      if (!ibb_xmpp_known_certificates_add (known, SHARED, certificates[0], &error))
        n_told += strstr (error->message, g_strerror (ENOLCK)) != NULL;
      fake_disk_free (disk);
    }
  g_assert_cmpuint (n_told, ==, 2);
}

/* A list that cannot be read has no certificates, and a warning says so. */
static void
ignore_warning (const char *domain, GLogLevelFlags level, const char *message, gpointer data)
{
}

static void
make_certificates (void)
{
  for (guint i = 0; i < N_CERTIFICATES; i++)
    {
      FakeDisk        *disk = fake_disk_new (i);
      g_autofree char *fingerprint = NULL;
      g_auto (GStrv)   parts = NULL;
      g_autofree char *joined = NULL;

      certificates[i] = ibb_key_file_load (PLACE, NULL);
      fingerprint = ibb_xmpp_known_certificates_dup_fingerprint (certificates[i]);
      parts = g_strsplit (fingerprint, ":", -1);
      joined = g_strjoinv ("", parts);
      digits[i] = g_ascii_strdown (joined, -1);
      fake_disk_free (disk);
    }
}

int
main (int argc, char **argv)
{
  int status;

  schedules_init (&argc, &argv);
  g_log_set_always_fatal (G_LOG_FATAL_MASK | G_LOG_LEVEL_CRITICAL);
  g_log_set_handler ("ibb-glib", G_LOG_LEVEL_WARNING, ignore_warning, NULL);
  make_certificates ();
  g_test_add_func ("/trust/stopped", test_stopped);
  g_test_add_func ("/trust/lock", test_lock);
  schedules_add ("/trust/list/each-call", "/trust/list/schedules", run_list);
  schedules_add ("/trust/key/each-call", "/trust/key/schedules", run_key);
  status = g_test_run ();
  for (guint i = 0; i < N_CERTIFICATES; i++)
    {
      g_object_unref (certificates[i]);
      g_free (digits[i]);
    }
  return status;
}
