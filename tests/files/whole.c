/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Whole transfers, by schedules from seeds: programs with one folder send files to each other over
 * a server, are killed and started again, lose their connections, cancel and refuse. A file has
 * its name only if it is whole; what the sender was told to be delivered is there, for ever; each
 * transfer ends, and its session. */

#include "config.h"

#include "whole.h"

#include <locale.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#define TIME_TO_END (4 * G_TIME_SPAN_HOUR) /* an offer that nobody decides about takes an hour */
#define N_OFFERS_MAX 4                     /* of one file */
#define FAILURES_MAX 20
#define TREES_MAX 4 /* folders */

World world;

/* Of the last schedule: calls of the disk, and errors with which the one that failed can fail. */
static guint n_calls, n_errors;

static struct
{
  const char *name;
  guint64     seed;
  /* Of a schedule in which nothing else goes wrong: the call of the disk that fails, and with which
   * of its errors. */
  int call;
  int failure;
} this_run;

void
whole_fail (const char *format, ...)
{
  va_list arguments;

  va_start (arguments, format);
  if (world.failure == NULL)
    world.failure = g_strdup_vprintf (format, arguments);
  va_end (arguments);
}

void
whole_trace (const char *format, ...)
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

char *
whole_dup_mark (const WholeFile *file)
{
  return g_strdup_printf ("%u %u", file->number, file->n_made);
}

WholeFile *
whole_find_mark (const char *mark, guint *offer)
{
  const char *space = strchr (mark, ' ');

  *offer = (guint) g_ascii_strtoull (space + 1, NULL, 10);
  return &world.files[g_ascii_strtoull (mark, NULL, 10)];
}

/* Up to most, and mostly much less. */
gint64
whole_some_time (gint64 most)
{
  return (gint64) random_scaled (&turns_random, 1, (guint64) most);
}

gboolean
whole_one_in (guint n)
{
  return random_below (&turns_random, n) == 0;
}

static void offer_later (WholeFile *file);
static void harm_soon (const WholeFile *file);

static void
spoil_soon (gpointer data)
{
  if (!world.is_calm)
    spoil_part ();
}

static void
end_record (WholeProgram *program, WholeRecord *record)
{
  record->is_over = TRUE;
  judge_transfer (record);
  if (ibb_files_transfer_get_state (record->transfer) == IBB_FILES_STATE_FAILED &&
      (record->file->sender == program->number || record->file->sender == WHOLE_STRANGER))
    offer_later (record->file);
  record->is_dropped = whole_one_in (2);
  if (record->is_dropped)
    g_object_unref (record->transfer);
}

static void
cancel (gpointer data)
{
  whole_trace ("-- cancel");
  ibb_files_transfer_cancel (data);
}

static void
cancel_later (WholeProgram *program, WholeRecord *record, gint64 most)
{
  record->file->is_free = FALSE;
  record->file->is_lost = TRUE;
  turns_call_after (program->number, whole_some_time (most), cancel,
                    g_object_ref (record->transfer), g_object_unref);
}

static void
state_cb (IBBFilesTransfer *transfer, GParamSpec *pspec, WholeProgram *program)
{
  IBBFilesState state = ibb_files_transfer_get_state (transfer);

  for (guint i = 0; program->runs && i < program->records->len; i++)
    {
      WholeRecord *record = g_ptr_array_index (program->records, i);

      if (record->transfer != transfer || record->is_over)
        continue;
      if (state == IBB_FILES_STATE_ACTIVE && record->file->receiver == program->number)
        {
          judge_beginning (program, record);
          if (world.n_evils_max > 0 && whole_one_in (16))
            turns_call_after (TURNS_NOBODY, whole_some_time (G_USEC_PER_SEC), spoil_soon, NULL,
                              NULL);
        }
      if (state == IBB_FILES_STATE_CHECKING && !world.is_calm && world.n_evils_max > 0 &&
          whole_one_in (8))
        harm_soon (record->file);
      if (state == IBB_FILES_STATE_CHECKING && whole_one_in (16))
        cancel_later (program, record, G_USEC_PER_SEC / 4);
      if (state >= IBB_FILES_STATE_SENT)
        end_record (program, record);
    }
}

/* The programs. */

static void
record_free (gpointer data)
{
  WholeRecord *self = data;

  if (!self->is_dropped)
    g_object_unref (self->transfer);
  g_clear_object (&self->stream);
  g_free (self);
}

static WholeRecord *
add_record (WholeProgram *program, IBBFilesTransfer *transfer, WholeFile *file, guint number)
{
  WholeRecord *record = g_new0 (WholeRecord, 1);

  record->transfer = g_object_ref (transfer);
  record->file = file;
  record->offer = number;
  g_ptr_array_add (program->records, record);
  g_signal_connect (transfer, "notify::state", G_CALLBACK (state_cb), program);
  world.n_transfers++;
  if (whole_one_in (8))
    cancel_later (program, record, WHOLE_MISCHIEF / 4);
  return record;
}

/* One that was dropped may have had the same address. */
static WholeRecord *
find_record (IBBFilesTransfer *transfer)
{
  for (guint i = 0; i < world.n_programs; i++)
    for (guint j = 0; world.programs[i].runs && j < world.programs[i].records->len; j++)
      {
        WholeRecord *record = g_ptr_array_index (world.programs[i].records, j);

        if (record->transfer == transfer && !record->is_dropped)
          return record;
      }
  return NULL;
}

static void
accept (gpointer data)
{
  WholeRecord      *record = find_record (data);
  IBBFilesMetadata *metadata = ibb_files_transfer_get_metadata (data);
  g_autofree char  *name = ibb_files_metadata_dup_safe_name (metadata);
  g_autofree char  *path = g_build_filename (FAKE_DISK_FOLDER, name, NULL);
  g_autoptr (GFile) file = g_file_new_for_path (path);
  IBBFilesExisting  existing = whole_one_in (2) ? IBB_FILES_EXISTING_NUMBER
                                                : (IBBFilesExisting) random_below (&turns_random, 3);

  if (record == NULL)
    return;
  whole_trace ("-- accept “%s”", name);
  if (whole_one_in (6) && record->stream == NULL && record->file->tree == NULL)
    {
      record->file->is_lost = TRUE;
      record->stream = g_memory_output_stream_new_resizable ();
      ibb_files_transfer_accept_stream_async (data, record->stream, NULL, NULL, NULL);
    }
  else
    {
      record->n_faults = world.disk->n_faults;
      world.has_replaced |= existing == IBB_FILES_EXISTING_REPLACE;
      if (existing == IBB_FILES_EXISTING_FAIL)
        record->file->is_free = FALSE;
      for (guint i = 0; existing == IBB_FILES_EXISTING_REPLACE && i < world.n_files; i++)
        if ((&world.files[i] != record->file || record->file->tree != NULL) &&
            g_str_equal (world.files[i].name, name))
          world.files[i].is_elsewhere = TRUE;
      ibb_files_transfer_accept_file_async (data, file, existing, NULL, NULL, NULL);
    }
}

static void
refuse (gpointer data)
{
  whole_trace ("-- refuse");
  ibb_files_transfer_refuse (data, whole_one_in (2) ? "Not now" : NULL);
}

static gboolean
offered_cb (IBBFilesService *service, IBBFilesTransfer *transfer, WholeProgram *program)
{
  IBBFilesMetadata *metadata = ibb_files_transfer_get_metadata (transfer);
  const char       *number = ibb_files_metadata_get_description (metadata);
  WholeFile        *file;
  guint             offer;
  gint64            delay;

  if (!program->runs) /* what it had heard before its end */
    return FALSE;
  g_assert_nonnull (number);
  file = whole_find_mark (number, &offer);
  judge_offered (file, metadata);
  add_record (program, transfer, file, offer);
  delay = whole_one_in (2) ? 0 : whole_some_time (WHOLE_MISCHIEF / 4);
  if (whole_one_in (12))
    {
      file->is_free = FALSE;
      if (whole_one_in (2))
        return FALSE;
      turns_call_after (program->number, delay, refuse, g_object_ref (transfer), g_object_unref);
      if (whole_one_in (2))
        return TRUE;
    }
  if (whole_one_in (60)) /* never */
    {
      file->is_free = FALSE;
      return TRUE;
    }
  if (delay == 0)
    accept (transfer);
  else
    turns_call_after (program->number, delay, accept, g_object_ref (transfer), g_object_unref);
  return TRUE;
}

static void
start_program (gpointer data)
{
  WholeProgram    *self = data;
  g_autofree char *resource = g_strdup_printf ("r%u", (guint) random_below (&turns_random, 3));

  whole_trace ("-- program %u starts", self->number);
  turns_enter (self->number);
  self->runs = TRUE;
  self->records = g_ptr_array_new_with_free_func (record_free);
  self->connection = wire_connection_new (self->number, resource);
  beside_start (self);
  self->files = ibb_files_service_new (IBB_CONNECTION (self->connection));
  beside_start (self);
  ibb_files_service_set_identity (self->files, self->identity);
  g_object_set (ibb_files_service_get_sessions (self->files), "receive-buffer-size",
                (guint64) (8192u << random_below (&turns_random, 4)), NULL);
  g_signal_connect (self->files, "file-offered", G_CALLBACK (offered_cb), self);
  turns_leave ();
  for (guint i = 0; i < world.n_files; i++)
    if (world.files[i].sender == WHOLE_STRANGER && world.files[i].receiver == self->number)
      offer_later (&world.files[i]);
}

static void
check_decided (gpointer data)
{
  if (ibb_files_transfer_get_state (data) == IBB_FILES_STATE_OFFERED)
    whole_fail ("a transfer waits for the decision of a program that is gone");
}

/* Those who wait for the decision of the other end learn soon that it is gone. */
static void
check_others (WholeProgram *self)
{
  for (guint i = 0; i < world.n_programs; i++)
    for (guint j = 0; world.programs[i].runs && j < world.programs[i].records->len; j++)
      {
        WholeRecord *record = g_ptr_array_index (world.programs[i].records, j);

        if (!record->is_over &&
            (record->file->sender == self->number || record->file->receiver == self->number))
          turns_call_after (i, G_USEC_PER_SEC * 60, check_decided, g_object_ref (record->transfer),
                            g_object_unref);
      }
}

/* Nothing that it does from now on leaves it. */
static void
end_program (WholeProgram *self, gboolean is_killed)
{
  gpointer connection = self->connection;
  gpointer files = self->files;
  gboolean waits = FALSE; /* to be told whether a cancellation came first */

  self->runs = FALSE;
  if (is_killed)
    {
      fake_disk_kill (world.disk, self->number);
      wire_kill (self->connection);
      world.n_kills++;
      world.n_evils++;
      world.n_deaths++;
      check_others (self);
    }
  turns_enter (self->number);
  g_object_add_weak_pointer (connection, &connection);
  g_object_add_weak_pointer (files, &files);
  for (guint i = 0; i < self->records->len; i++)
    {
      WholeRecord *record = g_ptr_array_index (self->records, i);

      if (record->is_over)
        continue;
      if (is_killed && seal_is_bundled (record->file) &&
          ibb_files_transfer_get_state (record->transfer) == IBB_FILES_STATE_CHECKING)
        {
          record->file->arrived = record->offer;
          record->file->is_elsewhere |= record->stream != NULL;
        }
      record->file->is_left |= is_killed;
      waits |= ibb_files_transfer_get_state (record->transfer) == IBB_FILES_STATE_CHECKING &&
               ibb_files_transfer_get_direction (record->transfer) == IBB_FILES_DIRECTION_SEND;
      /* The file may have its name, and its sender does not know that. */
      record->file->is_lost |=
          is_killed && ibb_files_transfer_get_state (record->transfer) == IBB_FILES_STATE_CHECKING;
      ibb_files_transfer_cancel (record->transfer);
    }
  g_ptr_array_unref (self->records);
  ibb_service_stop (ibb_files_service_get_sessions (self->files));
  beside_stop (self);
  ibb_connection_set_state (IBB_CONNECTION (self->connection), IBB_CONNECTION_STATE_OFFLINE);
  g_clear_object (&self->files);
  g_clear_object (&self->connection);
  turns_leave ();
  if (!turns_end_program (self->number))
    whole_fail ("a thread of a program that has ended waits for ever");
  if (files != NULL && !waits)
    whole_fail ("the service of a program that has ended is left");
  if (connection != NULL && !waits)
    whole_fail ("the connection of a program that has ended is left");
  world.disk->is_dead[self->number] = FALSE;
}

/* Offers. */

typedef struct
{
  WholeFile    *file;
  WholeProgram *program;
  guint         number;
  gboolean      is_file; /* on the disk, or a folder */
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
  IBBFilesService             *files = IBB_FILES_SERVICE (object);
  g_autoptr (IBBFilesTransfer) transfer =
      offer->is_file ? ibb_files_service_offer_file_finish (files, result, &error)
                     : ibb_files_service_offer_stream_finish (files, result, &error);

  if (transfer != NULL && offer->program->runs)
    add_record (offer->program, transfer, offer->file, offer->number);
  else if (transfer == NULL)
    {
      whole_trace ("-- no offer: %s", error->message);
      judge_no_offer (offer->file, error);
      offer_later (offer->file);
    }
  offer_free (offer);
}

/* The address of its program, or of its account. */
static char *
dup_peer_jid (const WholeFile *file)
{
  if (file->receiver == WHOLE_STRANGER)
    return g_strdup (WHOLE_STRANGER_JID);
  if (whole_one_in (6))
    return g_strdup_printf ("user%u@server.example", file->receiver);
  return g_strdup (wire_connection_get_jid (world.programs[file->receiver].connection));
}

static void
make_offer (gpointer data)
{
  WholeFile                   *file = data;
  WholeProgram                *self = &world.programs[file->sender];
  gsize                        size = g_bytes_get_size (file->bytes);
  g_autoptr (IBBFilesMetadata) metadata = ibb_files_metadata_new (file->name, size);
  g_autofree char             *description = NULL;
  g_autofree char             *peer_jid = NULL;
  g_autoptr (GInputStream)     stream = NULL;
  g_autoptr (GFile)            source = NULL;
  Offer                       *offer;

  if ((file->sender != WHOLE_STRANGER && !self->runs) ||
      (file->receiver != WHOLE_STRANGER && !world.programs[file->receiver].runs))
    {
      offer_later (file);
      return;
    }
  file->n_made++;
  file->is_free = !file->is_false && seal_can_meet (file);
  whole_trace ("-- offer %u “%s” of %u to %u", file->number, file->name, file->sender,
               file->receiver);
  if (file->sender == WHOLE_STRANGER)
    {
      stranger_send (file);
      return;
    }
  peer_jid = dup_peer_jid (file);
  description = whole_dup_mark (file);
  ibb_files_metadata_set_description (metadata, description);
  ibb_files_metadata_set_media_type (metadata, description);
  ibb_files_metadata_set_date (metadata, file->date);
  offer = g_new (Offer, 1);
  *offer = (Offer){ file, self, file->n_made };
  world.n_pending++;
  if (file->tree != NULL)
    source = tree_offer (file);
  else
    source = spoil_make_source (file);
  offer->is_file = source != NULL;
  if (source == NULL)
    stream = spoil_open_source (file);
  turns_enter (self->number);
  if (source != NULL)
    ibb_files_service_offer_file_async (self->files, peer_jid, source, metadata, NULL, made_cb,
                                        offer);
  else
    ibb_files_service_offer_stream_async (self->files, peer_jid, stream, metadata, NULL, made_cb,
                                          offer);
  turns_leave ();
}

static void
nothing (gpointer data)
{
  world.n_pending--;
}

static void
offer_later (WholeFile *file)
{
  if (file->n_offers++ == N_OFFERS_MAX)
    return;
  world.n_pending++;
  turns_call_after (TURNS_NOBODY, whole_some_time (WHOLE_MISCHIEF), make_offer, file, nothing);
}

/* Mischief. */

static void
kill_program (WholeProgram *self)
{
  whole_trace ("-- program %u is killed", self->number);
  end_program (self, TRUE);
  turns_call_after (TURNS_NOBODY, whole_some_time (20 * G_USEC_PER_SEC), start_program, self, NULL);
}

static void
mend_disk (gpointer data)
{
  world.disk->fault_rate = 0;
}

/* Whether the program only sends: the power of the receivers does not matter to it. */
static gboolean
is_elsewhere (const WholeProgram *self)
{
  for (guint i = 0; self->runs && i < self->records->len; i++)
    {
      const WholeRecord *record = g_ptr_array_index (self->records, i);

      if (record->file->receiver == self->number && !record->is_over)
        return FALSE;
    }
  return self->runs && whole_one_in (2);
}

/* Programs that a call of the disk was the last one of. */
static void
end_dead (void)
{
  for (guint i = 0; world.disk->is_off && i < world.n_programs; i++)
    world.disk->survives[i] = world.disk->last_writer != (int) i && !world.disk->is_dead[i] &&
                              is_elsewhere (&world.programs[i]);
  for (guint i = 0; i < world.n_programs; i++)
    if (world.programs[i].runs && !world.disk->survives[i] &&
        (world.disk->is_off || world.disk->is_dead[i]))
      kill_program (&world.programs[i]);
  if (!world.disk->is_off)
    return;
  fake_disk_restart (world.disk);
  world.was_cut = TRUE;
  judge_folder ();
}

/* A time after which no session would wait any more for the connection. */
static void
check_given_up (gpointer data)
{
  if (ibb_files_transfer_get_state (data) < IBB_FILES_STATE_SENT)
    whole_fail ("a transfer waits for a connection that was lost for good");
}

static void
lose_for_good (WholeProgram *program)
{
  guint timeout;

  g_object_get (ibb_files_service_get_sessions (program->files), "resume-timeout", &timeout, NULL);
  for (guint i = 0; i < program->records->len; i++)
    {
      const WholeRecord *record = g_ptr_array_index (program->records, i);

      if (!record->is_over)
        turns_call_after (program->number, (timeout / 1000 + 60) * G_USEC_PER_SEC, check_given_up,
                          g_object_ref (record->transfer), g_object_unref);
    }
  wire_break (program->connection, NULL);
}

static void
harm (WholeProgram *program, guint how)
{
  if (!program->runs)
    return;
  switch (how)
    {
    case 0:
      kill_program (program);
      break;
    case 1:
    case 2:
      {
        g_autofree char *resource =
            g_strdup_printf ("r%u", (guint) random_below (&turns_random, 3));

        whole_trace ("-- the connection of program %u breaks", program->number);
        program->has_moved |=
            !g_str_has_suffix (wire_connection_get_jid (program->connection), resource);
        world.n_evils++;
        turns_enter (program->number);
        wire_break (program->connection, resource);
        turns_leave ();
        break;
      }
    case 3:
      whole_trace ("-- all connections break");
      /* Each has its resource again: two that are at new addresses cannot find each other. */
      world.n_evils++;
      for (guint i = 0; i < world.n_programs; i++)
        if (world.programs[i].runs)
          {
            turns_enter (i);
            wire_break (world.programs[i].connection,
                        strchr (wire_connection_get_jid (world.programs[i].connection), '/') + 1);
            turns_leave ();
          }
      break;
    case 4:
      whole_trace ("-- the disk fails");
      world.n_evils++;
      world.disk->fault_rate = 50;
      turns_call_after (TURNS_NOBODY, whole_some_time (10 * G_USEC_PER_SEC), mend_disk, NULL, NULL);
      break;
    case 5:
      whole_trace ("-- a program will be killed");
      world.disk->kill_at = world.disk->n_calls + (guint) random_scaled (&turns_random, 1, 200);
      break;
    case 6:
      whole_trace ("-- the power will be cut");
      world.disk->cut_at = world.disk->n_calls + (guint) random_scaled (&turns_random, 1, 200);
      break;
    case 7:
      whole_trace ("-- the connection of program %u is suspended", program->number);
      turns_enter (program->number);
      wire_suspend (program->connection);
      turns_leave ();
      break;
    case 8:
      whole_trace ("-- the connection of program %u breaks for good", program->number);
      world.n_evils++;
      world.n_deaths++;
      turns_enter (program->number);
      lose_for_good (program);
      turns_leave ();
      break;
    default:
      spoil_part ();
    }
}

static void
do_mischief (gpointer data)
{
  harm (&world.programs[random_below (&turns_random, world.n_programs)],
        (guint) random_below (&turns_random, 10));
}

static void
harm_end (gpointer data)
{
  static const guint ways[] = { 0, 1, 1, 1, 7, 8, 9 };

  harm (data, ways[random_below (&turns_random, G_N_ELEMENTS (ways))]);
}

/* While the words about the end of a file are under way. */
static void
harm_soon (const WholeFile *file)
{
  guint number = whole_one_in (2) ? file->sender : file->receiver;

  if (number != WHOLE_STRANGER)
    turns_call_after (TURNS_NOBODY, whole_some_time (G_USEC_PER_SEC), harm_end,
                      &world.programs[number], NULL);
}

static void
calm_down (gpointer data)
{
  world.disk->kill_at = world.disk->cut_at = world.disk->plant_rate = world.disk->change_rate = 0;
  world.is_calm = TRUE;
}

/* A schedule. */

static gboolean
is_over (void)
{
  end_dead ();
  if (world.failure != NULL)
    return TRUE;
  if (!world.is_calm || world.n_pending > 0)
    return FALSE;
  for (guint i = 0; i < world.n_programs; i++)
    {
      if (!world.programs[i].runs)
        return FALSE;
      for (guint j = 0; j < world.programs[i].records->len; j++)
        if (!((WholeRecord *) g_ptr_array_index (world.programs[i].records, j))->is_over)
          return FALSE;
      if (g_list_model_get_n_items (
              G_LIST_MODEL (ibb_files_service_get_sessions (world.programs[i].files))) > 0)
        return FALSE;
    }
  return TRUE;
}

static void
make_folder (WholeFile *self, guint number)
{
  *self = (WholeFile){ .number = number, .bytes = g_bytes_new (NULL, 0) };
  self->name = g_strdup_printf ("folder%u", whole_one_in (3) ? number / 2 : number);
  self->sender = (guint) random_below (&turns_random, world.n_programs);
  self->receiver = (self->sender + 1 + (guint) random_below (&turns_random, world.n_programs - 1)) %
                   world.n_programs;
  tree_make (self, this_run.call > 0);
  offer_later (self);
}

static void
make_file (WholeFile *self, guint number)
{
  static const guint64 sizes[] = { 0, 1, 4096, 65536, 65537 };
  gsize   size = whole_one_in (3) ? sizes[random_below (&turns_random, G_N_ELEMENTS (sizes))]
                                  : random_scaled (&turns_random, 1, 200000);
  guint8 *bytes = g_malloc (size + 8);

  random_fill (bytes, size, &turns_random);
  *self = (WholeFile){ .number = number };
  self->bytes = g_bytes_new_take (bytes, size);
  self->name = g_strdup_printf ("file%u", whole_one_in (3) ? number / 2 : number);
  if (number > 0 || whole_one_in (2))
    self->date = g_date_time_new_from_unix_utc (1000000000 + number);
  /* At most one of the two is the stranger. */
  self->sender = (guint) random_below (&turns_random, world.n_programs);
  self->receiver = (self->sender + 1 + (guint) random_below (&turns_random, world.n_programs - 1)) %
                   world.n_programs;
  if (whole_one_in (3))
    *(whole_one_in (2) ? &self->sender : &self->receiver) = WHOLE_STRANGER;
  self->is_false = self->sender == WHOLE_STRANGER && size > 0 && whole_one_in (4);
  if (!self->is_false && whole_one_in (4))
    {
      bytes = g_malloc (size + 8);
      random_fill (bytes, size, &turns_random);
      self->other = g_bytes_new_take (bytes, size);
    }
  if (number % 2 == 1 && world.files[number - 1].tree == NULL &&
      self->receiver != world.files[number - 1].receiver && whole_one_in (4))
    spoil_copy_file (self, &world.files[number - 1]);
  offer_later (self);
}

static void
clear (void)
{
  beside_judge ();
  for (guint i = 0; i < world.n_programs; i++)
    if (world.programs[i].runs)
      end_program (&world.programs[i], FALSE);
  stranger_stop ();
  beside_end ();
  turns_stop ();
  wire_stop ();
  judge_end ();
  n_calls = world.disk->n_calls;
  n_errors = world.disk->n_errors;
  fake_disk_free (world.disk);
  for (guint i = 0; i < world.n_programs; i++)
    g_clear_object (&world.programs[i].identity);
  for (guint i = 0; i < world.n_files; i++)
    {
      g_free (world.files[i].name);
      g_bytes_unref (world.files[i].bytes);
      g_clear_pointer (&world.files[i].other, g_bytes_unref);
      g_clear_pointer (&world.files[i].date, g_date_time_unref);
      g_clear_pointer (&world.files[i].tree, tree_free);
    }
}

static void
change_any (void)
{
  if (whole_one_in (2))
    tree_change_any ();
  else
    spoil_source ();
}

static void
run (guint64 seed)
{
  guint n_streams;
  guint n_trees;
  char *places[WHOLE_FILES_MAX * 4 + 1] = { NULL };

  this_run.seed = seed;
  world.n_pending = 0;
  world.n_evils = world.n_deaths = world.n_files = 0;
  world.is_calm = world.was_cut = world.has_replaced = FALSE;
  tree_begin ();
  turns_start (seed);
  wire_start (world.is_verbose);
  world.disk = fake_disk_new ((guint32) random_next (&turns_random));
  beside_begin ();
  world.is_private = whole_one_in (2);
  world.n_programs = 2 + (guint) random_below (&turns_random, WHOLE_PROGRAMS_MAX - 1);
  for (guint i = 0; i < world.n_programs; i++)
    {
      world.programs[i].number = i;
      world.programs[i].has_moved = FALSE;
      if (world.is_private && !whole_one_in (4))
        world.programs[i].identity = seal_new (!whole_one_in (10));
      start_program (&world.programs[i]);
    }
  stranger_start ();
  world.n_files = 1 + (guint) random_below (&turns_random, WHOLE_FILES_MAX);
  n_trees = this_run.call > 0 || whole_one_in (3)
                ? 1 + (guint) random_below (&turns_random, TREES_MAX)
                : 0;
  if (this_run.call > 0)
    world.n_files = n_trees = 1;
  for (guint i = 0; i < world.n_files; i++)
    (i < n_trees ? make_folder : make_file) (&world.files[i], i);
  world.disk->has_odd_times = !whole_one_in (4);
  world.disk->change = change_any;
  if (whole_one_in (n_trees > 0 ? 2 : 4))
    world.disk->change_rate = (guint) random_scaled (&turns_random, 1, 500);
  n_streams = (guint) random_below (&turns_random, 4);
  for (guint i = 0; i < n_streams; i++)
    turns_call_after (TURNS_NOBODY, whole_some_time (WHOLE_MISCHIEF / 2), beside_open, NULL, NULL);
  spoil_plan (places);
  world.n_evils_max =
      this_run.call > 0 || whole_one_in (3) ? 0 : (guint) random_below (&turns_random, 6);
  for (guint i = 0; i < world.n_evils_max; i++)
    turns_call_after (TURNS_NOBODY, whole_some_time (WHOLE_MISCHIEF), do_mischief, NULL, NULL);
  if (this_run.call > 0)
    {
      calm_down (NULL);
      world.n_evils = 1;
      world.disk->fails_at = (guint) this_run.call;
      world.disk->failure = (guint) this_run.failure;
    }
  turns_call_after (TURNS_NOBODY, WHOLE_MISCHIEF, calm_down, NULL, NULL);
  turns_run (WHOLE_MISCHIEF + TIME_TO_END, is_over);
  if (!is_over ())
    whole_fail ("a transfer, or its session, does not end");
  clear ();
  for (guint i = 0; places[i] != NULL; i++)
    g_free (places[i]);
}

static void
died_cb (int number)
{
  char text[200];
  int  n = g_snprintf (text, sizeof text,
                       "died in: %s --seed %" G_GUINT64_FORMAT " --call %d --failure %d --verbose\n",
                       this_run.name, this_run.seed, this_run.call, this_run.failure);

  if (write (STDERR_FILENO, text, (size_t) n) < 0)
    return;
  signal (number, SIG_DFL);
  raise (number);
}

static void
run_and_report (guint64 seed, guint *n_failures)
{
  run (seed);
  if (world.failure == NULL)
    return;
  ++*n_failures;
  g_printerr ("%s\nreplay: %s --seed %" G_GUINT64_FORMAT " --call %d --failure %d --verbose\n",
              world.failure, this_run.name, seed, this_run.call, this_run.failure);
  g_clear_pointer (&world.failure, g_free);
}

/* Each call of the disk fails with each of its errors. */
static void
run_each (guint64 seed, guint *n_failures)
{
  guint n = G_MAXINT;

  for (guint call = 1; call <= n && *n_failures < FAILURES_MAX; call++)
    {
      n_errors = 1;
      for (guint failure = 0; failure < n_errors && *n_failures < FAILURES_MAX; failure++)
        {
          this_run.call = (int) call;
          this_run.failure = (int) failure;
          run_and_report (seed, n_failures);
        }
      if (n_errors == 0)
        n = n_calls;
    }
  this_run.call = 0;
}

int
main (int argc, char **argv)
{
  int                count = 2000;
  int                n_each = 0;
  g_autofree char   *first_text = NULL;
  g_autofree char   *seed_text = NULL;
  const GOptionEntry entries[] = {
    { "count", 'n', 0, G_OPTION_ARG_INT, &count, "Schedules (2000)", "N" },
    { "first", 'f', 0, G_OPTION_ARG_STRING, &first_text, "Seed of the first of them (1)", "S" },
    { "seed", 's', 0, G_OPTION_ARG_STRING, &seed_text, "Only the schedule of this seed", "S" },
    { "each", 'e', 0, G_OPTION_ARG_INT, &n_each,
      "Schedules of folders of which each call of the disk fails with each error (0)", "N" },
    { "call", 0, 0, G_OPTION_ARG_INT, &this_run.call, "In the schedule of the seed this call fails",
      "N" },
    { "failure", 0, 0, G_OPTION_ARG_INT, &this_run.failure, "With this one of its errors (0)",
      "N" },
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
  this_run.name = argv[0];
  g_log_set_always_fatal (G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_WARNING | G_LOG_FATAL_MASK);
  signal (SIGABRT, died_cb);
  signal (SIGTRAP, died_cb);
  signal (SIGSEGV, died_cb);
  for (int i = 0; i < (seed_text != NULL ? 1 : count) && n_failures < FAILURES_MAX; i++)
    run_and_report (first + (guint64) i, &n_failures);
  for (int i = 0; i < n_each; i++)
    run_each (first + (guint64) i, &n_failures);
  g_print ("%" G_GUINT64_FORMAT " transfers, %" G_GUINT64_FORMAT " delivered, %" G_GUINT64_FORMAT
           " programs killed, %" G_GUINT64_FORMAT " streams beside, %" G_GUINT64_FORMAT
           " ends encrypted, %" G_GUINT64_FORMAT " folders; %u failed\n",
           world.n_transfers, world.n_delivered, world.n_kills, world.n_streams, world.n_sealed,
           world.n_trees, n_failures);
  return n_failures == 0 ? 0 : 1;
}
