/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What each schedule of whole.c has to keep. */

#include "config.h"

#include "whole.h"

#include <string.h>

#define LOST_MAX 65536 /* bytes that one interruption may lose: what the receiver had not read */
#define PARTS_PER_KEY 8

static gboolean
is_whole (const WholeFile *file, const void *data, gsize length)
{
  return file->tree == NULL && g_bytes_get_size (file->bytes) == length &&
         (length == 0 || memcmp (g_bytes_get_data (file->bytes, NULL), data, length) == 0 ||
          (file->other != NULL &&
           memcmp (g_bytes_get_data (file->other, NULL), data, length) == 0));
}

/* One part may have bytes of both states. */
static gboolean
is_beginning (const WholeFile *file, const GString *bytes)
{
  GBytes     *other = file->other != NULL ? file->other : file->bytes;
  const char *first = g_bytes_get_data (file->bytes, NULL);
  const char *second = g_bytes_get_data (other, NULL);

  if (file->tree != NULL || bytes->len > g_bytes_get_size (file->bytes))
    return FALSE;
  for (gsize i = 0; i < bytes->len; i++)
    if (bytes->str[i] != first[i] && bytes->str[i] != second[i])
      return FALSE;
  return TRUE;
}

/* As the library names it, for a sender that uses the library. */
char *
judge_dup_part_name (const WholeFile *file, guint number)
{
  g_autofree char *key = g_strdup_printf (
      "user%u@server.example\n%s\n%" G_GSIZE_FORMAT "\n%" G_GINT64_FORMAT, file->sender, file->name,
      g_bytes_get_size (file->bytes), file->date != NULL ? g_date_time_to_unix (file->date) : 0);
  g_autofree char *digest = g_compute_checksum_for_string (G_CHECKSUM_SHA256, key, -1);

  return g_strdup_printf (".ibb-%.16s-%u.part", digest, number);
}

/* What somebody else has put there stays, and nobody writes to it. Of an own file that is so too,
 * unless the name makes it a part, or the whole file has taken its place. */
static gboolean
is_foreign (const FakeDiskFile *file)
{
  return file->is_planted &&
         (file->kind != FAKE_DISK_FILE || g_str_equal (file->bytes->str, "planted"));
}

/* After a cut of the power a part may have any bytes. */
static void
judge_part (const char *name, const FakeDiskFile *part)
{
  const WholeFile *file = NULL;

  for (guint i = 0; i < world.n_files; i++)
    if (is_beginning (&world.files[i], part->bytes))
      file = &world.files[i];
  if (part->is_planted)
    return;
  if (file == NULL && !world.was_cut)
    whole_fail ("the part “%s” is of no file", name);
  if ((part->mode & 0777) != 0600 && file == NULL)
    whole_fail ("the part “%s” has the mode %o", name, part->mode);
}

/* Whether a folder is one that was offered. */
static gboolean
is_of_tree (const char *name)
{
  for (guint i = 0; i < world.n_files; i++)
    if (world.files[i].tree != NULL && g_str_equal (world.files[i].name, name))
      return TRUE;
  return FALSE;
}

static gboolean
has_name_of (const char *name, const WholeFile *file)
{
  gsize length = strlen (file->name);

  return strncmp (name, file->name, length) == 0 && (name[length] == '\0' || name[length] == ' ');
}

void
judge_folder (void)
{
  GHashTableIter iter;
  gpointer       key, value;
  gboolean       has[WHOLE_FILES_MAX] = { FALSE };

  g_hash_table_iter_init (&iter, world.disk->names);
  while (g_hash_table_iter_next (&iter, &key, &value))
    {
      const GString *bytes = ((FakeDiskFile *) value)->bytes;
      gboolean       is_good = FALSE;

      if (strchr (key, '/') != NULL)
        continue;
      if (g_str_has_prefix (key, ".ibb-"))
        {
          judge_part (key, value);
          continue;
        }
      if (is_foreign (value) ||
          (((FakeDiskFile *) value)->kind == FAKE_DISK_DIRECTORY && is_of_tree (key)))
        continue;
      for (guint i = 0; i < world.n_files; i++)
        if (has_name_of (key, &world.files[i]) &&
            is_whole (&world.files[i], bytes->str, bytes->len))
          {
            has[i] = TRUE;
            is_good |= !world.files[i].is_false;
          }
      if (!is_good)
        whole_fail ("“%s” has %u bytes that are no file", (const char *) key, (guint) bytes->len);
    }
  tree_judge ();
  for (guint i = 0; i < world.n_files; i++)
    if (world.files[i].is_promised && world.files[i].tree == NULL && !has[i] &&
        !world.files[i].is_elsewhere)
      whole_fail ("“%s” was delivered, and is not there", world.files[i].name);
}

void
judge_offered (const WholeFile *file, IBBFilesMetadata *metadata)
{
  GDateTime *date = ibb_files_metadata_get_date (metadata);

  if (file->sender == WHOLE_STRANGER || file->tree != NULL)
    return;
  if (g_strcmp0 (ibb_files_metadata_get_name (metadata), file->name) != 0 ||
      ibb_files_metadata_get_size (metadata) != g_bytes_get_size (file->bytes) ||
      g_strcmp0 (ibb_files_metadata_get_media_type (metadata),
                 ibb_files_metadata_get_description (metadata)) != 0 ||
      (date == NULL) != (file->date == NULL) ||
      (date != NULL && g_date_time_compare (date, file->date) != 0))
    whole_fail ("the offer of “%s” says other things of it", file->name);
}

/* Nothing of a file that has arrived is left beside it. */
void
judge_end (void)
{
  GHashTableIter iter;
  gpointer       key, value;

  judge_folder ();
  g_hash_table_iter_init (&iter, world.disk->names);
  while (g_hash_table_iter_next (&iter, &key, &value))
    {
      const GString *bytes = ((FakeDiskFile *) value)->bytes;
      gboolean       may_be =
          (world.n_evils > 0 && bytes->len == 0) || ((FakeDiskFile *) value)->is_planted;

      for (guint i = 0; i < world.n_files; i++)
        may_be |= world.files[i].is_left && (world.was_cut || world.files[i].tree != NULL ||
                                             is_beginning (&world.files[i], bytes));
      if (strstr (key, ".ibb-") != NULL && !may_be)
        whole_fail ("the part “%s” with %u bytes is left", (const char *) key, (guint) bytes->len);
    }
  if (world.disk->n_lost > 0 && !world.has_replaced)
    whole_fail ("what somebody else has put into the folder is gone");
  if (world.disk->n_open > 0)
    whole_fail ("%u descriptors are open", world.disk->n_open);
}

static void
judge_stream (const WholeRecord *record)
{
  GMemoryOutputStream *stream = G_MEMORY_OUTPUT_STREAM (record->stream);

  record->file->is_elsewhere = TRUE;
  if (record->file->is_false || !is_whole (record->file, g_memory_output_stream_get_data (stream),
                                           g_memory_output_stream_get_data_size (stream)))
    whole_fail ("“%s” came as another one", record->file->name);
}

/* A receiver of a bundle has told its sender before it ends: the file is in its place then. */
static gboolean
is_in_place (const WholeFile *file, guint offer)
{
  const WholeProgram *program = &world.programs[file->receiver];

  for (guint i = 0; seal_is_bundled (file) && program->runs && i < program->records->len; i++)
    {
      const WholeRecord *record = g_ptr_array_index (program->records, i);

      if (record->is_over || record->file != file || record->offer != offer ||
          ibb_files_transfer_get_state (record->transfer) != IBB_FILES_STATE_CHECKING)
        continue;
      if (record->stream != NULL)
        judge_stream (record);
      return TRUE;
    }
  return file->arrived >= offer;
}

/* What a receiver has got is not sent again, unless it has lost its bytes. */
static void
judge_sent (const WholeRecord *record)
{
  WholeFile *file = record->file;

  file->n_said += ibb_files_transfer_get_bytes_moved (record->transfer) -
                  ibb_files_transfer_get_bytes_resumed (record->transfer);
  if (!file->is_lost && file->tree == NULL && file->receiver != WHOLE_STRANGER &&
      file->other == NULL && world.disk->n_faults + world.disk->n_planted == 0 && !world.was_cut &&
      file->n_said > g_bytes_get_size (file->bytes) + (guint64) file->n_broken * LOST_MAX)
    whole_fail ("%" G_GUINT64_FORMAT " bytes of “%s” were sent", file->n_said, file->name);
}

/* Notes whether the receiver keeps the part, or may be unable to remove it. */
static void
judge_part_of (const WholeRecord *record, const GError *error)
{
  static const int deleting[] = { IBB_ERROR_FORBIDDEN, IBB_ERROR_GONE, IBB_ERROR_NOT_ACCEPTABLE,
                                  IBB_ERROR_PROTOCOL };
  WholeFile       *file = record->file;
  gboolean         is_deleted = g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);

  for (guint i = 0; i < G_N_ELEMENTS (deleting); i++)
    is_deleted |= g_error_matches (error, IBB_ERROR, deleting[i]);
  if (file->tree != NULL)
    file->is_left |= error != NULL;
  else if (error != NULL && (!is_deleted || world.disk->fault_rate > 0 || world.disk->is_off ||
                             world.disk->is_dead[file->receiver]))
    {
      file->is_left = TRUE;
      file->is_unsettled |=
          ibb_files_transfer_get_bytes_moved (record->transfer) == g_bytes_get_size (file->bytes);
    }
  else if ((error == NULL || g_error_matches (error, IBB_ERROR, IBB_ERROR_NOT_ACCEPTABLE)) &&
           !file->is_twin && world.disk->n_planted == 0 &&
           ibb_files_transfer_get_bytes_resumed (record->transfer) > 0)
    file->is_left = FALSE;
}

/* Each part has one writer, and what an earlier transfer has left is gone on with. */
void
judge_beginning (WholeProgram *program, WholeRecord *record)
{
  const WholeFile *file = record->file;
  gboolean         has_part = FALSE;

  if (record->stream != NULL || file->tree != NULL || file->sender == WHOLE_STRANGER)
    return;
  for (guint i = 0; i < program->records->len; i++)
    {
      const WholeRecord *other = g_ptr_array_index (program->records, i);

      if (!other->is_over && other != record && other->file == file && other->stream == NULL &&
          ibb_files_transfer_get_state (other->transfer) >= IBB_FILES_STATE_ACCEPTED)
        whole_fail ("two transfers receive “%s” at the same time", file->name);
    }
  if (file->is_twin || ibb_files_transfer_get_bytes_resumed (record->transfer) > 0 ||
      world.disk->n_faults > record->n_faults || world.disk->is_dead[program->number])
    return;
  for (guint i = 1; i <= PARTS_PER_KEY; i++)
    {
      g_autofree char    *name = judge_dup_part_name (file, i);
      const FakeDiskFile *part = g_hash_table_lookup (world.disk->names, name);

      has_part |= part != NULL && part->kind == FAKE_DISK_FILE && !part->is_planted &&
                  part->n_links == 1 && part->bytes->len > 0 &&
                  part->bytes->len <= g_bytes_get_size (file->bytes);
    }
  if (has_part)
    whole_fail ("a transfer of “%s” does not go on with what is there", file->name);
}

/* Both ends come to the same end if they have heard each other: a sender finds no receiver that is
 * at a new address, and has lost its last words with the old one. A sender that cancels without a
 * connection has not heard the last word. */
static void
judge_agreement (const WholeRecord *record, const GError *error, gboolean is_sender)
{
  WholeFile *file = record->file;
  gboolean   are_ours = file->sender != WHOLE_STRANGER && file->receiver != WHOLE_STRANGER;

  if (is_sender && error != NULL &&
      wire_connection_is_online (world.programs[file->sender].connection))
    file->failed = record->offer;
  else if (is_sender && error == NULL)
    file->delivered = record->offer;
  else if (error == NULL)
    file->arrived = record->offer;
  if (!is_sender && error != NULL && file->delivered == record->offer)
    whole_fail ("“%s” was delivered, and its receiver does not know it: %s", file->name,
                error->message);
  if (are_ours && file->arrived == record->offer && file->failed == record->offer &&
      world.n_deaths == 0 && !world.programs[file->receiver].has_moved)
    whole_fail ("the receiver has “%s”, and the sender does not know it", file->name);
}

/* Whether somebody or something may have stood in the way of a file. */
static gboolean
may_fail (const WholeFile *file)
{
  return world.n_evils + turns_n_faults + world.disk->n_planted > 0 || !file->is_free ||
         (file->tree != NULL && tree_has_changed ());
}

void
judge_no_offer (const WholeFile *file, const GError *error)
{
  if (!may_fail (file))
    whole_fail ("“%s” is not offered for no reason: %s", file->name, error->message);
}

void
judge_transfer (WholeRecord *record)
{
  IBBFilesState state = ibb_files_transfer_get_state (record->transfer);
  gboolean      is_sender =
      ibb_files_transfer_get_direction (record->transfer) == IBB_FILES_DIRECTION_SEND;
  g_autoptr (GError) error = ibb_files_transfer_dup_error (record->transfer);
  WholeFile         *file = record->file;

  file->n_broken += error != NULL && is_sender;
  whole_trace ("-- %s of %u “%s” ends: %u %s", is_sender ? "sending" : "receiving", file->number,
               file->name, state, error != NULL ? error->message : "");
  if ((state == IBB_FILES_STATE_FAILED) != (error != NULL))
    whole_fail ("a transfer ends in state %u, and its error says otherwise", state);
  if (state != IBB_FILES_STATE_FAILED && !is_sender && record->stream != NULL)
    judge_stream (record);
  /* What is too much may be lost with the connection. */
  if (state != IBB_FILES_STATE_FAILED && file->bad_offer == record->offer &&
      (file->sender != WHOLE_STRANGER || world.n_evils == 0))
    whole_fail ("“%s” has arrived, and could not be read or has changed", file->name);
  if (state == IBB_FILES_STATE_DELIVERED && file->tree != NULL)
    tree_judge_delivered (record, is_sender);
  if (error != NULL && file->tree != NULL)
    tree_judge_failed (record, error);
  if (state == IBB_FILES_STATE_SENT && is_sender && file->receiver != WHOLE_STRANGER)
    whole_fail ("“%s” ends as sent to a program that says what it has", file->name);
  if (state == IBB_FILES_STATE_DELIVERED && is_sender)
    {
      if (!is_in_place (file, record->offer))
        whole_fail ("“%s” was delivered before its receiver said so", file->name);
      file->is_promised = TRUE;
      world.n_trees += file->tree != NULL;
      world.n_delivered++;
    }
  if (is_sender)
    judge_sent (record);
  else
    judge_part_of (record, error);
  judge_agreement (record, error, is_sender);
  /* Two files of another program may have all in common that tells them apart. */
  if (state == IBB_FILES_STATE_FAILED &&
      !(file->sender == WHOLE_STRANGER && g_error_matches (error, IBB_ERROR, IBB_ERROR_CONFLICT)) &&
      !may_fail (file) && record->offer == file->n_made)
    whole_fail ("%s of “%s” fails for no reason: %s", is_sender ? "sending" : "receiving",
                file->name, error->message);
  judge_folder ();
}
