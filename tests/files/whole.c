/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Whole transfers, by schedules from seeds: programs with one folder send files to each other over
 * a server, are killed and started again, lose their connections, cancel and decline. A file has
 * its name only if it is whole; what the sender was told to be delivered is there, for ever; each
 * transfer ends. */

#include "config.h"

#include "fake-disk.h"
#include "turns.h"
#include "wire.h"

#include <ibb-glib/files/ibb-files.h>
#include <locale.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#define N_PROGRAMS_MAX 3
#define N_FILES_MAX 4
#define TIME_OF_MISCHIEF (100 * G_USEC_PER_SEC)
#define TIME_TO_END (4 * G_TIME_SPAN_HOUR) /* ends that nobody decides about take an hour */
#define N_OFFERS_MAX 4                     /* of one file */
#define FAILURES_MAX 20

typedef struct
{
  guint      number;
  char      *name;  /* (owned) */
  GBytes    *bytes; /* (owned) */
  GDateTime *date;  /* (owned) (nullable) */
  guint      sender;
  guint      receiver;
  guint      n_offers;
  gboolean   is_promised; /* delivered, says a sender */
  gboolean   is_streamed; /* whole into a stream at the receiver */
} File;

typedef struct
{
  guint            number;
  gboolean         runs;
  WireConnection  *connection;
  IBBFilesService *files;
  GPtrArray       *records; /* (element-type Record) */
} Program;

/* A transfer at one end. */
typedef struct
{
  IBBFilesTransfer *transfer; /* (owned) */
  File             *file;
  GOutputStream    *stream; /* (owned) (nullable) */
  gboolean          is_over;
} Record;

static struct
{
  const char *program;
  guint64     seed;
  gboolean    is_verbose;
  FakeDisk   *disk;
  Program     programs[N_PROGRAMS_MAX];
  guint       n_programs;
  File        files[N_FILES_MAX];
  guint       n_files;
  guint       n_pending; /* calls that offer */
  gboolean    is_calm;   /* the mischief is over */
  gboolean    replaces;  /* a file of the same name */
  char       *failure;   /* (owned) (nullable): the first one */

  guint64 n_transfers;
  guint64 n_delivered;
  guint64 n_kills;
} world;

G_GNUC_PRINTF (1, 2) static void fail (const char *format, ...)
{
  va_list arguments;

  va_start (arguments, format);
  if (world.failure == NULL)
    world.failure = g_strdup_vprintf (format, arguments);
  va_end (arguments);
}

G_GNUC_PRINTF (1, 2) static void trace (const char *format, ...)
{
  g_autofree char *words = NULL;
  va_list          arguments;

  if (!world.is_verbose)
    return;
  va_start (arguments, format);
  words = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  g_printerr ("%10.3f %s\n", (double) g_get_monotonic_time () / G_USEC_PER_SEC, words);
}

static gboolean
one_in (guint n)
{
  return random_below (&turns_random, n) == 0;
}

/* The judge. */

static gboolean
is_whole (const File *file, const void *data, gsize length)
{
  return g_bytes_get_size (file->bytes) == length &&
         memcmp (g_bytes_get_data (file->bytes, NULL), data, length) == 0;
}

static gboolean
is_beginning (const GString *bytes)
{
  for (guint i = 0; i < world.n_files; i++)
    if (bytes->len <= g_bytes_get_size (world.files[i].bytes) &&
        memcmp (g_bytes_get_data (world.files[i].bytes, NULL), bytes->str, bytes->len) == 0)
      return TRUE;
  return FALSE;
}

/* The file with the name, which may have a number as well. */
static File *
find_file (const char *name, const GString *bytes)
{
  for (guint i = 0; i < world.n_files; i++)
    {
      File *file = &world.files[i];
      gsize length = strlen (file->name);

      if (strncmp (name, file->name, length) == 0 &&
          (name[length] == '\0' || name[length] == ' ') && is_whole (file, bytes->str, bytes->len))
        return file;
    }
  return NULL;
}

static void
judge_folder (void)
{
  GHashTableIter iter;
  gpointer       key, value;
  gboolean       has[N_FILES_MAX] = { FALSE };

  g_hash_table_iter_init (&iter, world.disk->names);
  while (g_hash_table_iter_next (&iter, &key, &value))
    {
      const FakeDiskFile *file = value;
      const File         *whole = find_file (key, file->bytes);

      if (g_str_has_prefix (key, ".ibb-"))
        {
          if (!is_beginning (file->bytes))
            fail ("the part “%s” is of no file", (const char *) key);
        }
      else if (whole == NULL)
        fail ("“%s” has %u bytes that are no file", (const char *) key, (guint) file->bytes->len);
      else
        has[whole->number] = TRUE;
    }
  for (guint i = 0; i < world.n_files; i++)
    if (world.files[i].is_promised && !has[i] && !world.files[i].is_streamed)
      fail ("“%s” was delivered, and is not there", world.files[i].name);
}

static void offer_later (File *file);

static void
record_over (Program *program, Record *record)
{
  IBBFilesState state = ibb_files_transfer_get_state (record->transfer);
  gboolean      is_sender =
      ibb_files_transfer_get_direction (record->transfer) == IBB_FILES_DIRECTION_SEND;
  g_autoptr (GError) error = ibb_files_transfer_dup_error (record->transfer);

  record->is_over = TRUE;
  trace ("-- %s of “%s” at %u ends: %u %s", is_sender ? "sending" : "receiving", record->file->name,
         program->number, state, error != NULL ? error->message : "");
  if ((state == IBB_FILES_STATE_FAILED) != (error != NULL))
    fail ("a transfer ends in state %u, and its error says otherwise", state);
  if (state != IBB_FILES_STATE_FAILED && !is_sender && record->stream != NULL)
    {
      GMemoryOutputStream *stream = G_MEMORY_OUTPUT_STREAM (record->stream);

      record->file->is_streamed = TRUE;
      if (!is_whole (record->file, g_memory_output_stream_get_data (stream),
                     g_memory_output_stream_get_data_size (stream)))
        fail ("“%s” came as another one", record->file->name);
    }
  if (state == IBB_FILES_STATE_DELIVERED && is_sender)
    {
      record->file->is_promised = TRUE;
      world.n_delivered++;
    }
  judge_folder ();
  if (is_sender && state == IBB_FILES_STATE_FAILED)
    offer_later (record->file);
}

static void
state_cb (IBBFilesTransfer *transfer, GParamSpec *pspec, Program *program)
{
  for (guint i = 0; program->runs && i < program->records->len; i++)
    {
      Record *record = g_ptr_array_index (program->records, i);

      if (record->transfer == transfer && !record->is_over &&
          ibb_files_transfer_get_state (transfer) >= IBB_FILES_STATE_SENT)
        record_over (program, record);
    }
}

/* The programs. */

static void
record_free (gpointer data)
{
  Record *self = data;

  g_object_unref (self->transfer);
  g_clear_object (&self->stream);
  g_free (self);
}

static void
cancel (gpointer data)
{
  trace ("-- cancel");
  ibb_files_transfer_cancel (data);
}

static Record *
add_record (Program *program, IBBFilesTransfer *transfer, File *file)
{
  Record *record = g_new0 (Record, 1);

  record->transfer = g_object_ref (transfer);
  record->file = file;
  g_ptr_array_add (program->records, record);
  g_signal_connect (transfer, "notify::state", G_CALLBACK (state_cb), program);
  world.n_transfers++;
  if (one_in (8))
    turns_call_after (program->number,
                      (gint64) random_scaled (&turns_random, 1, TIME_OF_MISCHIEF / 4), cancel,
                      g_object_ref (transfer), g_object_unref);
  return record;
}

static Record *
find_record (IBBFilesTransfer *transfer)
{
  for (guint i = 0; i < world.n_programs; i++)
    for (guint j = 0; world.programs[i].runs && j < world.programs[i].records->len; j++)
      {
        Record *record = g_ptr_array_index (world.programs[i].records, j);

        if (record->transfer == transfer)
          return record;
      }
  g_assert_not_reached ();
}

static void
accept (gpointer data)
{
  Record           *record = find_record (data);
  IBBFilesMetadata *metadata = ibb_files_transfer_get_metadata (data);
  g_autofree char  *name = ibb_files_metadata_dup_safe_name (metadata);
  g_autofree char  *path = g_build_filename (FAKE_DISK_FOLDER, name, NULL);
  g_autoptr (GFile) file = g_file_new_for_path (path);
  IBBFilesExisting  existing = world.replaces ? (IBBFilesExisting) random_below (&turns_random, 3)
                               : one_in (2)   ? IBB_FILES_EXISTING_FAIL
                                              : IBB_FILES_EXISTING_NUMBER;

  trace ("-- accept “%s”", name);
  if (one_in (6) && record->stream == NULL)
    {
      record->stream = g_memory_output_stream_new_resizable ();
      ibb_files_transfer_accept_stream_async (data, record->stream, NULL, NULL, NULL);
    }
  else
    ibb_files_transfer_accept_file_async (data, file, existing, NULL, NULL, NULL);
}

static void
reject (gpointer data)
{
  trace ("-- reject");
  ibb_files_transfer_reject (data, one_in (2) ? "Not now" : NULL);
}

static gboolean
offered_cb (IBBFilesService *service, IBBFilesTransfer *transfer, Program *program)
{
  IBBFilesMetadata *metadata = ibb_files_transfer_get_metadata (transfer);
  const char       *number = ibb_files_metadata_get_description (metadata);
  gint64            delay;

  g_assert_nonnull (number);
  add_record (program, transfer, &world.files[g_ascii_strtoull (number, NULL, 10)]);
  delay = one_in (2) ? 0 : (gint64) random_scaled (&turns_random, 1, TIME_OF_MISCHIEF / 4);
  if (one_in (12))
    {
      if (one_in (2))
        return FALSE;
      turns_call_after (program->number, delay, reject, g_object_ref (transfer), g_object_unref);
      if (one_in (2))
        return TRUE;
    }
  if (one_in (60)) /* never */
    return TRUE;
  if (delay == 0)
    accept (transfer);
  else
    turns_call_after (program->number, delay, accept, g_object_ref (transfer), g_object_unref);
  return TRUE;
}

static void
start_program (gpointer data)
{
  Program         *self = data;
  g_autofree char *resource = g_strdup_printf ("r%u", (guint) random_below (&turns_random, 3));

  trace ("-- program %u starts", self->number);
  turns_enter (self->number);
  self->runs = TRUE;
  self->records = g_ptr_array_new_with_free_func (record_free);
  self->connection = wire_connection_new (self->number, resource);
  self->files = ibb_files_service_new (IBB_CONNECTION (self->connection));
  g_signal_connect (self->files, "file-offered", G_CALLBACK (offered_cb), self);
  turns_leave ();
}

/* Nothing that it does from now on leaves it. */
static void
end_program (Program *self, gboolean is_killed)
{
  gpointer connection = self->connection;
  gpointer files = self->files;

  self->runs = FALSE;
  if (is_killed)
    {
      fake_disk_kill (world.disk, self->number);
      wire_kill (self->connection);
      world.n_kills++;
    }
  turns_enter (self->number);
  g_object_add_weak_pointer (connection, &connection);
  g_object_add_weak_pointer (files, &files);
  for (guint i = 0; i < self->records->len; i++)
    ibb_files_transfer_cancel (((Record *) g_ptr_array_index (self->records, i))->transfer);
  g_ptr_array_unref (self->records);
  ibb_service_stop (ibb_files_service_get_sessions (self->files));
  ibb_connection_set_state (IBB_CONNECTION (self->connection), IBB_CONNECTION_STATE_OFFLINE, NULL);
  g_clear_object (&self->files);
  g_clear_object (&self->connection);
  turns_leave ();
  if (!turns_end_program (self->number))
    fail ("a thread of a program that has ended waits for ever");
  if (files != NULL)
    fail ("the service of a program that has ended is left");
  if (connection != NULL)
    fail ("the connection of a program that has ended is left");
  world.disk->is_dead[self->number] = FALSE;
}

/* Offers. */

typedef struct
{
  File    *file;
  Program *program;
} Offer;

static void
offer_free (gpointer data)
{
  world.n_pending--;
  g_free (data);
}

static void
made_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  Offer                       *offer = user_data;
  g_autoptr (GError)           error = NULL;
  g_autoptr (IBBFilesTransfer) transfer =
      ibb_files_service_offer_stream_finish (IBB_FILES_SERVICE (object), result, &error);

  if (transfer != NULL && offer->program->runs)
    add_record (offer->program, transfer, offer->file);
  else if (transfer == NULL)
    {
      trace ("-- no offer: %s", error->message);
      offer_later (offer->file);
    }
  offer_free (offer);
}

static void
make_offer (gpointer data)
{
  File                        *file = data;
  Program                     *program = &world.programs[file->sender];
  Program                     *receiver = &world.programs[file->receiver];
  gsize                        size = g_bytes_get_size (file->bytes);
  g_autoptr (IBBFilesMetadata) metadata = ibb_files_metadata_new (file->name, size);
  g_autofree char             *description = g_strdup_printf ("%u", file->number);
  g_autoptr (GInputStream)     stream = NULL;
  Offer                       *offer;

  if (!program->runs || !receiver->runs)
    {
      offer_later (file);
      return;
    }
  trace ("-- offer “%s”", file->name);
  stream = g_memory_input_stream_new_from_bytes (file->bytes);
  ibb_files_metadata_set_description (metadata, description);
  ibb_files_metadata_set_date (metadata, file->date);
  offer = g_new (Offer, 1);
  *offer = (Offer){ file, program };
  world.n_pending++;
  turns_enter (program->number);
  ibb_files_service_offer_stream_async (program->files,
                                        wire_connection_get_jid (receiver->connection), stream,
                                        metadata, NULL, made_cb, offer);
  turns_leave ();
}

static void
nothing (gpointer data)
{
  world.n_pending--;
}

static void
offer_later (File *file)
{
  if (file->n_offers++ == N_OFFERS_MAX)
    return;
  world.n_pending++;
  turns_call_after (TURNS_NOBODY, (gint64) random_scaled (&turns_random, 1, TIME_OF_MISCHIEF),
                    make_offer, file, nothing);
}

/* Mischief. */

static void
do_mischief (gpointer data)
{
  Program *program = &world.programs[random_below (&turns_random, world.n_programs)];

  if (!program->runs)
    return;
  switch (random_below (&turns_random, 4))
    {
    case 0:
      trace ("-- program %u is killed", program->number);
      end_program (program, TRUE);
      turns_call_after (TURNS_NOBODY, (gint64) random_scaled (&turns_random, 1000, 2e7),
                        start_program, program, NULL);
      break;
    case 1:
      {
        g_autofree char *resource =
            g_strdup_printf ("r%u", (guint) random_below (&turns_random, 3));

        trace ("-- the connection of program %u breaks", program->number);
        turns_enter (program->number);
        wire_break (program->connection, resource);
        turns_leave ();
        break;
      }
    case 2:
      trace ("-- all connections break");
      for (guint i = 0; i < world.n_programs; i++)
        if (world.programs[i].runs)
          {
            turns_enter (i);
            wire_break (world.programs[i].connection, "r0");
            turns_leave ();
          }
      break;
    default:
      trace ("-- the connection of program %u is suspended", program->number);
      turns_enter (program->number);
      wire_suspend (program->connection);
      turns_leave ();
    }
}

static void
calm_down (gpointer data)
{
  world.is_calm = TRUE;
}

/* A schedule. */

static gboolean
is_over (void)
{
  if (world.failure != NULL)
    return TRUE;
  if (!world.is_calm || world.n_pending > 0)
    return FALSE;
  for (guint i = 0; i < world.n_programs; i++)
    {
      if (!world.programs[i].runs)
        return FALSE;
      for (guint j = 0; j < world.programs[i].records->len; j++)
        if (!((Record *) g_ptr_array_index (world.programs[i].records, j))->is_over)
          return FALSE;
    }
  return TRUE;
}

static void
make_file (File *self, guint number)
{
  static const guint64 sizes[] = { 0, 1, 4096, 65536, 65537 };
  gsize                size = one_in (3) ? sizes[random_below (&turns_random, G_N_ELEMENTS (sizes))]
                                         : random_scaled (&turns_random, 1, 200000);
  guint8              *bytes = g_malloc (size + 8);

  random_fill (bytes, size, &turns_random);
  *self = (File){ .number = number };
  self->bytes = g_bytes_new_take (bytes, size);
  self->name = g_strdup_printf ("file%u", number);
  if (!one_in (4))
    self->date = g_date_time_new_from_unix_utc (1000000000 + number);
  self->sender = (guint) random_below (&turns_random, world.n_programs);
  self->receiver = (self->sender + 1 + (guint) random_below (&turns_random, world.n_programs - 1)) %
                   world.n_programs;
  offer_later (self);
}

static void
clear (void)
{
  for (guint i = 0; i < world.n_programs; i++)
    if (world.programs[i].runs)
      end_program (&world.programs[i], FALSE);
  turns_stop ();
  wire_stop ();
  judge_folder ();
  if (fake_disk_count_open (world.disk) > 0)
    fail ("%u descriptors are open", fake_disk_count_open (world.disk));
  fake_disk_free (world.disk);
  for (guint i = 0; i < world.n_files; i++)
    {
      g_free (world.files[i].name);
      g_bytes_unref (world.files[i].bytes);
      g_clear_pointer (&world.files[i].date, g_date_time_unref);
    }
}

static void
run (guint64 seed)
{
  guint n_evils;

  world.seed = seed;
  world.n_pending = 0;
  world.is_calm = FALSE;
  turns_start (seed);
  wire_start (world.is_verbose);
  world.disk = fake_disk_new ((guint32) random_next (&turns_random));
  world.n_programs = 2 + (guint) random_below (&turns_random, N_PROGRAMS_MAX - 1);
  for (guint i = 0; i < world.n_programs; i++)
    {
      world.programs[i].number = i;
      start_program (&world.programs[i]);
    }
  world.n_files = 1 + (guint) random_below (&turns_random, N_FILES_MAX);
  for (guint i = 0; i < world.n_files; i++)
    make_file (&world.files[i], i);
  n_evils = (guint) random_below (&turns_random, 6);
  for (guint i = 0; i < n_evils; i++)
    turns_call_after (TURNS_NOBODY, (gint64) random_scaled (&turns_random, 1, TIME_OF_MISCHIEF),
                      do_mischief, NULL, NULL);
  turns_call_after (TURNS_NOBODY, TIME_OF_MISCHIEF, calm_down, NULL, NULL);
  turns_run (TIME_OF_MISCHIEF + TIME_TO_END, is_over);
  if (!is_over ())
    fail ("a transfer does not end");
  clear ();
}

static void
died_cb (int number)
{
  char text[200];
  int  n = g_snprintf (text, sizeof text, "died in: %s --seed %" G_GUINT64_FORMAT " --verbose\n",
                       world.program, world.seed);

  if (write (STDERR_FILENO, text, (size_t) n) < 0)
    return;
  signal (number, SIG_DFL);
  raise (number);
}

int
main (int argc, char **argv)
{
  int                count = 2000;
  g_autofree char   *first_text = NULL;
  g_autofree char   *seed_text = NULL;
  const GOptionEntry entries[] = {
    { "count", 'n', 0, G_OPTION_ARG_INT, &count, "Schedules (2000)", "N" },
    { "first", 'f', 0, G_OPTION_ARG_STRING, &first_text, "Seed of the first of them (1)", "S" },
    { "seed", 's', 0, G_OPTION_ARG_STRING, &seed_text, "Only the schedule of this seed", "S" },
    { "verbose", 'v', 0, G_OPTION_ARG_NONE, &world.is_verbose, "Print every stanza and event",
      NULL },
    G_OPTION_ENTRY_NULL,
  };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (GError)         error = NULL;
  guint64                    first = 1;
  guint                      n_failures = 0;
  const char                *text;

  setlocale (LC_ALL, "");
  g_option_context_add_main_entries (context, entries, NULL);
  text = g_option_context_parse (context, &argc, &argv, &error)
             ? (seed_text != NULL ? seed_text : first_text)
             : NULL;
  if (error != NULL ||
      (text != NULL && !g_ascii_string_to_unsigned (text, 10, 0, G_MAXUINT64, &first, &error)))
    {
      g_printerr ("%s\n", error->message);
      return 2;
    }
  world.program = argv[0];
  signal (SIGABRT, died_cb);
  signal (SIGTRAP, died_cb);
  signal (SIGSEGV, died_cb);
  for (int i = 0; i < (seed_text != NULL ? 1 : count) && n_failures < FAILURES_MAX; i++)
    {
      run (first + (guint64) i);
      if (world.failure == NULL)
        continue;
      n_failures++;
      g_printerr ("%s\nreplay: %s --seed %" G_GUINT64_FORMAT " --verbose\n", world.failure, argv[0],
                  world.seed);
      g_clear_pointer (&world.failure, g_free);
    }
  g_print ("%" G_GUINT64_FORMAT " transfers, %" G_GUINT64_FORMAT " delivered, %" G_GUINT64_FORMAT
           " programs killed; %u failed\n",
           world.n_transfers, world.n_delivered, world.n_kills, n_failures);
  return n_failures == 0 ? 0 : 1;
}
