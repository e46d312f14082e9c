/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The frames of files and folders in one stream: scripts of one end, and two ends with pieces,
 * orders, refusals and cancellations from seeds. */

#include "config.h"

#include "files/ibb-files-metadata-private.h"
#include "files/protocol/bundle.h"
#include "files/protocol/folder.h"
#include "files/protocol/offer.h"

#include "../lib/random.h"

#include <glib.h>
#include <stdio.h>
#include <string.h>

#define OFFER                                                                                      \
  "<file xmlns='urn:xmpp:jingle:apps:file-transfer:5'><name>a</name><size>%u</size></file>"
#define FOLDER                                                                                     \
  "<file xmlns='urn:xmpp:jingle:apps:file-transfer:5'><name>a</name><size>%u</size>"               \
  "<folder xmlns='urn:ibb-glib:files:1' files='%u'/></file>"
#define N_SEEDS 300
#define ENTRIES 100 /* what the scripts count entries of folders from */

static const guint8 hash[IBB_BUNDLE_HASH_LENGTH] = { 1, 2, 3 };
static const guint8 no_hash[IBB_BUNDLE_HASH_LENGTH]; /* of a folder */

static void
push_frame (IBBBundle *self, guint type, guint number, const void *payload, gsize length)
{
  const guint8 header[8] = {
    (guint8) type,           (guint8) (length >> 16), (guint8) (length >> 8), (guint8) length,
    (guint8) (number >> 24), (guint8) (number >> 16), (guint8) (number >> 8), (guint8) number,
  };

  ibb_bundle_push (self, header, sizeof header);
  ibb_bundle_push (self, payload, length);
}

static void
log_event (GString *log, const IBBBundleEvent *event, const IBBBundle *self)
{
  static const char *const names[] = { "",      "offered",   "accepted", "data",
                                       "ended", "delivered", "failed",   "broken" };

  g_string_append_printf (log, "%s%s", log->len > 0 ? " " : "", names[event->type]);
  if (event->type == IBB_BUNDLE_BROKEN)
    g_string_append_printf (log, ": %s", self->mistake);
  else
    g_string_append_printf (log, " %u",
                            event->folder > 0 ? event->number - IBB_BUNDLE_FIRST_ENTRY + ENTRIES + 1
                                              : event->number);
  if (event->type == IBB_BUNDLE_OFFERED && event->folder > 0)
    g_string_append_printf (log, " in %u", event->folder);
  if (event->type == IBB_BUNDLE_ACCEPTED)
    g_string_append_printf (log, "@%u", (guint) event->offset);
  if (event->type == IBB_BUNDLE_DATA)
    g_string_append_printf (log, ":%u", (guint) event->length);
  if (event->type == IBB_BUNDLE_FAILED)
    g_string_append_printf (log, ":%s%s%s", event->reason, event->text != NULL ? "," : "",
                            event->text != NULL ? event->text : "");
}

/* One word: a frame of the peer, in capitals, or a call of this end. */
static void
do_word (IBBBundle *self, const char *word, GString *log)
{
  static const guint8          bytes[IBB_BUNDLE_DATA_MAX + 1];
  guint                        number = 0, value = 0;
  guint64                      offset;
  char                         text[100] = "";
  g_autofree char             *description = NULL;
  g_autoptr (IBBFilesMetadata) metadata = NULL;
  IBBBundleEvent               event;

  sscanf (word + 1, "%u%*[:@]%u", &number, &value);
  sscanf (word + 1, "%u%*[:@]%99[a-zA-Z\n-]", &number, text);
  if (number > ENTRIES && *word != 'U')
    number += IBB_BUNDLE_FIRST_ENTRY - ENTRIES - 1;
  offset = GUINT64_TO_BE ((guint64) value);
  if (*word == 'G' || *word == 'Q' || *word == 'R')
    description = g_strdup_printf (FOLDER, value, *word == 'Q' ? 0 : 2);
  else
    description = g_strdup_printf (OFFER, value);
  metadata = ibb_files_metadata_new ("a", value);
  if (*word == 'g' || *word == 'I')
    ibb_files_metadata_set_folder (metadata, 2);
  if (*word == 'N' || *word == 'M' || *word == 'Q' || *word == 'R')
    {
      g_autofree char *entry = g_strconcat ("----", description, NULL);
      const guint8     folder[] = { 0, 0, 0, *word == 'M' ? 2 : 1 };

      memcpy (entry, folder, sizeof folder);
      push_frame (self, 7, number, entry, 4 + strlen (description));
    }
  else if (*word == 'n')
    g_assert_cmpuint (ibb_bundle_offer_entry (self, 1, metadata), ==, number);
  else if (*word == 'G')
    push_frame (self, 1, number, description, strlen (description));
  else if (*word == 'g')
    g_assert_cmpuint (ibb_bundle_offer (self, metadata), ==, number);
  else if (*word == 'O')
    push_frame (self, 1, number, description, strlen (description));
  else if (*word == 'A')
    push_frame (self, 2, number, &offset, sizeof offset);
  else if (*word == 'D')
    push_frame (self, 3, number, bytes, value);
  else if (*word == 'E' || *word == 'Z')
    push_frame (self, 4, number, *word == 'Z' ? no_hash : hash, sizeof hash);
  else if (*word == 'L')
    push_frame (self, 5, number, value > 0 ? bytes : hash, sizeof hash);
  else if (*word == 'F')
    push_frame (self, 6, number, text, strlen (text));
  else if (*word == 'P')
    push_frame (self, 0, number, bytes, value);
  else if (*word == 'U')
    push_frame (self, number, 0, bytes, value);
  else if (*word == 'W')
    push_frame (self, 1, 1, text, strlen (text));
  else if (*word == 'H' || *word == 'I')
    ibb_bundle_announce (self, metadata);
  else if (*word == 'o')
    g_assert_cmpuint (ibb_bundle_offer (self, metadata), ==, number);
  else if (*word == 'a')
    ibb_bundle_accept (self, number, value);
  else if (*word == 'd')
    ibb_bundle_send (self, number, bytes, value);
  else if (*word == 'e')
    ibb_bundle_end (self, number, hash);
  else if (*word == 'l')
    ibb_bundle_deliver (self, number);
  else if (*word == 'f')
    ibb_bundle_fail (self, number, IBB_REASON_CANCEL, NULL);
  else
    g_assert_not_reached ();
  while (ibb_bundle_next (self, &event))
    log_event (log, &event, self);
}

static const struct
{
  const char *script; /* of the sender, if the first word is a call of one */
  const char *log;    /* ending in "." if the bundle is idle */
} cases[] = {
  /* The life of a file, and of an empty one. */
  { "O1:10 a1@0 D1:4 D1:6 E1 l1", "offered 1 data 1:4 data 1:6 ended 1." },
  { "O1:0 a1@0 E1 l1", "offered 1 ended 1." },
  { "O1:10 a1@4 D1:6 E1 l1", "offered 1 data 1:6 ended 1." },
  { "o1:10 A1@0 d1:10 e1 L1", "accepted 1@0 delivered 1." },
  { "o1:10 A1@10 e1 L1", "accepted 1@10 delivered 1." },
  { "P0:0 P0:4096 O1:1", "offered 1" },
  /* The session has announced the first file. */
  { "H1:10 O1:10 a1@0 D1:10 E1 l1", "data 1:10 ended 1." },
  { "H1:10 a1@4 O1:10 O2:1 D1:6 E1 l1", "offered 2 data 1:6 ended 1" },
  { "H1:10 f1 O1:10 F1:gone", "." },
  { "H1:10 a1@0 D1:10", "broken: a frame names a file that was not offered" },
  { "H1:10 O2:10", "broken: an offer has not the next number" },
  { "I1:10 a1@0 G1:10 N101:4", "offered 101 in 1" },
  { "I1:10 a1@0 N101:4", "broken: a frame names a file that was not offered" },
  /* Several at once, decided in any order. */
  { "O1:1 O2:1 a2@0 D2:1 E2 a1@0 l2 D1:1 E1 l1",
    "offered 1 offered 2 data 2:1 ended 2 data 1:1 ended 1." },
  { "o1:1 o2:1 A2@0 d2:1 e2 A1@0 L2 d1:1 e1 L1",
    "accepted 2@0 accepted 1@0 delivered 2 delivered 1." },
  /* Refused, cancelled, failed; a frame that has crossed the failure says nothing. */
  { "O1:10 f1 F1:gone", "offered 1." },
  { "O1:10 F1:cancel", "offered 1 failed 1:cancel." },
  { "O1:10 a1@0 D1:4 f1 D1:6 E1", "offered 1 data 1:4." },
  { "O1:10 a1@0 D1:4 F1:cancel O2:1 a2@0 D2:1",
    "offered 1 data 1:4 failed 1:cancel offered 2 data 2:1" },
  { "O1:1 a1@0 D1:1 E1 f1 l1 f1", "offered 1 data 1:1 ended 1." },
  { "o1:10 F1:decline\nNo", "failed 1:decline,No." },
  { "o1:10 A1@0 d1:4 F1:media-error", "accepted 1@0 failed 1:media-error." },
  { "o1:10 A1@0 d1:10 e1 F1:media-error", "accepted 1@0 failed 1:media-error." },
  { "o1:10 f1 A1@0 F1:gone", "." },
  { "o1:10 f1 f1 F1:gone o2:1 A2@0 d2:1 e2 L2", "accepted 2@0 delivered 2." },
  /* A folder of two files, whose numbers are above ENTRIES. */
  { "G1:10 a1@0 N101:4 N102:6 a102@0 D102:6 E102 a101@4 E101 l102 l101 Z1 l1",
    "offered 1 offered 101 in 1 offered 102 in 1 data 102:6 ended 102 ended 101 ended 1." },
  { "g1:4 A1@0 n101:4 n102:0 A101@0 A102@0 d101:4 e101 e102 L101 L102 e1 L1",
    "accepted 1@0 accepted 101@0 accepted 102@0 delivered 101 delivered 102 delivered 1." },
  { "G1:10 O2:1 a1@0 N101:4 a2@0 D2:1 E2 l2",
    "offered 1 offered 2 offered 101 in 1 data 2:1 ended 2" },
  /* One entry fails; the rest goes on. */
  { "G1:9 a1@0 N101:4 F101:gone N102:5 a102@0 D102:5 E102 l102 F1:media-error",
    "offered 1 offered 101 in 1 failed 101:gone offered 102 in 1 data 102:5 ended 102 "
    "failed 1:media-error." },
  { "g1:9 A1@0 n101:4 n102:5 f101 A102@0 d102:5 F101:gone e102 L102 f1 F1:gone",
    "accepted 1@0 accepted 102@0 delivered 102." },
  /* The end of the folder ends its entries, and what has crossed that says nothing more. */
  { "G1:9 a1@0 N101:4 a101@0 D101:1 f1 D101:3 E101 N102:5 F1:gone O2:1 a2@0 D2:1",
    "offered 1 offered 101 in 1 data 101:1 offered 2 data 2:1" },
  { "G1:9 a1@0 N101:4 a101@0 D101:1 F1:cancel",
    "offered 1 offered 101 in 1 data 101:1 failed 1:cancel." },
  { "g1:9 A1@0 n101:4 A101@0 d101:1 F1:cancel", "accepted 1@0 accepted 101@0 failed 1:cancel." },
  { "g1:9 A1@0 n101:4 A101@0 d101:4 e101 n102:5 f1 A102@0 L101 F102:media-error F1:gone",
    "accepted 1@0 accepted 101@0 delivered 101." },
  /* Mistakes. */
  { "G1:9 N101:4", "offered 1 broken: an entry came of a folder that was not accepted" },
  { "G1:9 f1 N101:4", "offered 1 broken: an entry came of a folder that was not accepted" },
  { "G1:9 a1@0 Q101:1", "offered 1 broken: more bytes came than were offered" },
  { "G1:9 a1@0 R101:0", "offered 1 broken: an entry is a folder with files of its own" },
  { "N101:4", "broken: an entry names a folder that is not open" },
  { "O1:9 a1@0 N101:4", "offered 1 broken: an entry names a folder that is not open" },
  { "G1:9 a1@0 M101:4", "offered 1 broken: an entry names a folder that is not open" },
  { "G1:9 a1@0 F1:cancel N101:4",
    "offered 1 failed 1:cancel broken: an entry names a folder that is not open" },
  { "G1:9 a1@0 N102:4", "offered 1 broken: an offer has not the next number" },
  { "G1:9 a1@0 N1:4", "offered 1 broken: an offer has not the next number" },
  { "G1:9 a1@0 N101:4 N102:6",
    "offered 1 offered 101 in 1 broken: more bytes came than were offered" },
  { "G1:9 a1@0 N101:4 N102:4 N103:0",
    "offered 1 offered 101 in 1 offered 102 in 1 broken: more entries came than were offered" },
  { "G1:9 a1@0 D1:1", "offered 1 broken: more bytes came than were offered" },
  { "G1:9 a1@0 N101:4 D101:1",
    "offered 1 offered 101 in 1 broken: bytes came of a file that was not accepted" },
  { "G1:9 a1@0 Z1", "offered 1 broken: a folder ended before its last entry" },
  { "G1:0 a1@0 N101:0 Q102:0 a101@0 E101 l101 a102@0 E102 l102 E1",
    "offered 1 offered 101 in 1 offered 102 in 1 ended 101 ended 102 "
    "broken: the end of a folder has a hash" },
  { "G1:9 a1@0 N101:4 N102:0 a101@4 E101 l101 a102@0 E102 l102 Z1",
    "offered 1 offered 101 in 1 offered 102 in 1 ended 101 ended 102 "
    "broken: the entries of a folder have fewer bytes than were offered" },
  { "G1:0 a1@0 N101:0 N102:0 F101:gone a102@0 E102 l102 Z1",
    "offered 1 offered 101 in 1 offered 102 in 1 failed 101:gone ended 102 "
    "broken: a folder ended as whole, although an entry has failed" },
  { "G1:0 a1@0 N101:0 N102:0 f101 F101:gone a102@0 E102 l102 Z1",
    "offered 1 offered 101 in 1 offered 102 in 1 ended 102 "
    "broken: a folder ended as whole, although an entry has failed" },
  { "G1:9 a1@0 N101:4 N102:5 a101@0 D101:4 E101 l101 Z1",
    "offered 1 offered 101 in 1 offered 102 in 1 data 101:4 ended 101 "
    "broken: a folder ended before its last entry" },
  { "g1:9 A1@1", "broken: a file was to begin behind its end" },
  { "g1:9 A1@0 N101:1", "accepted 1@0 broken: a frame is of a type that this end does not take" },
  { "U7:4", "broken: a frame has a length that it may not have" },
  { "P1:0", "broken: padding has the number of a file" },
  { "O1:1 P1:8", "offered 1 broken: padding has the number of a file" },
  { "o1:1 P1:0", "broken: padding has the number of a file" },
  { "O2:10", "broken: an offer has not the next number" },
  { "O1:10 O1:10", "offered 1 broken: an offer has not the next number" },
  { "W1:a", "broken: an offer does not say what is offered" },
  { "D1:1", "broken: a frame names a file that was not offered" },
  { "O1:10 D1:1", "offered 1 broken: bytes came of a file that was not accepted" },
  { "O1:10 E1", "offered 1 broken: bytes came of a file that was not accepted" },
  { "O1:10 f1 D1:1", "offered 1 broken: bytes came of a file that was not accepted" },
  { "O1:10 a1@4 D1:7", "offered 1 broken: more bytes came than were offered" },
  { "O1:10 a1@0 D1:10 D1:1", "offered 1 data 1:10 broken: more bytes came than were offered" },
  { "O1:10 a1@0 D1:9 E1", "offered 1 data 1:9 broken: a file ended before its last byte" },
  { "O1:9 O2:9 a1@0 a2@0 D1:1 D2:1",
    "offered 1 offered 2 data 1:1 broken: bytes of two files came in turns" },
  { "O1:9 O2:0 a1@0 a2@0 D1:1 E2",
    "offered 1 offered 2 data 1:1 broken: bytes of two files came in turns" },
  { "O1:1 a1@0 D1:1 E1 E1",
    "offered 1 data 1:1 ended 1 broken: a frame came after the end of its file" },
  { "O1:1 a1@0 D1:1 E1 F1:gone",
    "offered 1 data 1:1 ended 1 broken: a frame came after the end of its file" },
  { "O1:1 a1@0 D1:1 E1 l1 D1:1",
    "offered 1 data 1:1 ended 1 broken: a frame names a file that was not offered" },
  { "O1:1 F1:X", "offered 1 broken: a failure has no reason" },
  { "O1:1 F1:\n", "offered 1 broken: a failure has no reason" },
  { "U2:8", "broken: a frame is of a type that this end does not take" },
  { "U5:32", "broken: a frame is of a type that this end does not take" },
  { "U8:1", "broken: a frame is of a type that this end does not take" },
  { "U255:1", "broken: a frame is of a type that this end does not take" },
  { "O1:99999 a1@0 D1:0", "offered 1 broken: a frame has a length that it may not have" },
  { "O1:99999 a1@0 D1:65529", "offered 1 broken: a frame has a length that it may not have" },
  { "P0:4097 O1:1", "broken: a frame has a length that it may not have" },
  { "U4:31", "broken: a frame has a length that it may not have" },
  { "U1:16385", "broken: a frame has a length that it may not have" },
  { "o1:10 O2:1", "broken: a frame is of a type that this end does not take" },
  { "o1:10 D1:1", "broken: a frame is of a type that this end does not take" },
  { "o1:10 A1@11", "broken: a file was to begin behind its end" },
  { "o1:10 A1@0 A1@0", "accepted 1@0 broken: a file was accepted twice" },
  { "o1:10 A2@0", "broken: a frame names a file that was not offered" },
  { "o1:10 L1", "broken: another file was delivered than was sent" },
  { "o1:1 A1@0 d1:1 e1 L1:1", "accepted 1@0 broken: another file was delivered than was sent" },
  { "o1:1 A1@0 d1:1 f1 L1", "accepted 1@0 broken: another file was delivered than was sent" },
};

/* What follows a NUL would be no part of the reason. */
static void
test_nul (void)
{
  static const char     reason[] = "gone\0!";
  g_autoptr (IBBBundle) self = ibb_bundle_new (FALSE);
  g_autoptr (GString)   log = g_string_new (NULL);
  IBBBundleEvent        event;

  do_word (self, "O1:1", log);
  push_frame (self, 6, 1, reason, sizeof reason - 1);
  while (ibb_bundle_next (self, &event))
    log_event (log, &event, self);
  g_assert_cmpstr (log->str, ==, "offered 1 broken: a failure has no reason");
}

static void
test_scripts (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (IBBBundle) self = ibb_bundle_new (g_ascii_islower (cases[i].script[0]));
      g_autoptr (GString)   log = g_string_new (NULL);
      g_auto (GStrv)        words = g_strsplit (cases[i].script, " ", -1);

      for (guint j = 0; words[j] != NULL; j++)
        do_word (self, words[j], log);
      if (ibb_bundle_is_idle (self))
        g_string_append_c (log, '.');
      g_test_message ("%s", cases[i].script);
      g_assert_cmpstr (log->str, ==, cases[i].log);
    }
}

/* What is open has a bound in number, and one in bytes, which both ends keep alike. */
static void
test_bounds (void)
{
  static const guint lengths[] = { 1, 10000 };

  for (guint i = 0; i < G_N_ELEMENTS (lengths); i++)
    {
      g_autofree char             *name = g_strnfill (lengths[i], 'n');
      g_autoptr (IBBFilesMetadata) metadata = ibb_files_metadata_new (name, 1);
      g_autoptr (IBBBundle)        sender = ibb_bundle_new (TRUE);
      g_autoptr (IBBBundle)        receiver = ibb_bundle_new (FALSE);
      g_autoptr (GBytes)           output = NULL;
      IBBBundleEvent               event;
      guint                        n = 0, n_offered = 0;

      for (; ibb_bundle_has_room (sender); n++)
        g_assert_cmpuint (ibb_bundle_offer (sender, metadata), ==, n + 1);
      output = ibb_bundle_take_output (sender, i == 0);
      g_assert_cmpuint (n, ==, i == 0 ? IBB_BUNDLE_OPEN_MAX : 25);
      g_assert_cmpint (g_bytes_get_size (output) % IBB_BUNDLE_BLOCK_SIZE == 0, ==, i == 0);
      ibb_bundle_push (receiver, g_bytes_get_data (output, NULL), g_bytes_get_size (output));
      for (; ibb_bundle_next (receiver, &event); n_offered++)
        g_assert_cmpint (event.type, ==, IBB_BUNDLE_OFFERED);
      g_assert_cmpuint (n_offered, ==, n);
      for (guint j = 0; j < 3 && receiver->mistake == NULL; j++)
        {
          g_autoptr (GString) more = g_string_new (NULL);
          g_autoptr (GString) log = g_string_new (NULL);

          g_string_printf (more,
                           "<file xmlns='urn:xmpp:jingle:apps:file-transfer:5'><name>%s</name>"
                           "<size>1</size></file>",
                           name);
          push_frame (receiver, 1, ++n, more->str, more->len);
          while (ibb_bundle_next (receiver, &event))
            ;
        }
      g_assert_cmpstr (receiver->mistake, ==, "too many files were offered at once");
    }
}

/* Padding fills the last block, and takes another one only if its own header does not fit. */
static void
test_padding (void)
{
  static const guint8 bytes[IBB_BUNDLE_BLOCK_SIZE];

  for (gsize left = 0; left <= 16; left++)
    {
      g_autoptr (IBBFilesMetadata) metadata = ibb_files_metadata_new ("a", sizeof bytes);
      g_autoptr (IBBBundle)        self = ibb_bundle_new (TRUE);
      g_autoptr (GString)          log = g_string_new (NULL);
      g_autoptr (GBytes)           output = NULL;
      gsize                        length;

      ibb_bundle_offer (self, metadata);
      do_word (self, "A1@0", log);
      length = ibb_bundle_get_n_output (self) + 8;
      ibb_bundle_send (self, 1, bytes, sizeof bytes - length - left);
      g_assert_cmpuint (ibb_bundle_get_n_output (self), ==, sizeof bytes - left);
      output = ibb_bundle_take_output (self, TRUE);
      g_assert_cmpuint (g_bytes_get_size (output), ==,
                        left == 0 || left >= 8 ? sizeof bytes : 2 * sizeof bytes);
    }
}

/* A peer does not make this end create files without end. */
static void
test_too_many (void)
{
  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (IBBFilesMetadata) metadata = ibb_files_metadata_new ("a", 0);
      g_autoptr (IBBFilesMetadata) read = NULL;
      g_autoptr (GString)          text = NULL;

      ibb_files_metadata_set_folder (metadata, IBB_FOLDER_ENTRIES_MAX + i);
      text = ibb_offer_write (metadata);
      read = ibb_offer_read ((const guint8 *) text->str, text->len);
      g_assert_cmpint (read != NULL, ==, i == 0);
    }
}

static void
test_too_long (void)
{
  g_autofree char             *text = g_strnfill (IBB_BUNDLE_DESCRIPTION_MAX, 'd');
  g_autoptr (IBBFilesMetadata) metadata = ibb_files_metadata_new ("a", 1);
  g_autoptr (IBBBundle)        self = ibb_bundle_new (TRUE);
  g_autoptr (GString)          log = g_string_new (NULL);

  ibb_files_metadata_set_description (metadata, text);
  g_assert_cmpuint (ibb_bundle_offer (self, metadata), ==, 0);
  g_assert_null (ibb_bundle_take_output (self, TRUE));
  g_assert_true (ibb_bundle_is_idle (self));
  do_word (self, "g1:10", log);
  do_word (self, "A1@0", log);
  g_assert_cmpuint (ibb_bundle_offer_entry (self, 1, metadata), ==, 0);
}

/* Two ends. */

typedef enum
{
  FATE_NONE,
  FATE_DELIVERED,
  FATE_FAILED,
} Fate;

typedef struct
{
  IBBBundle  *ends[2];  /* the receiver, the sender */
  GByteArray *wires[2]; /* to each */
  guint8      files[32][20000];
  guint       sizes[32];
  guint       n_sent[32];
  guint       n_received[32];
  guint8      got[32][20000];
  gboolean    is_ended[32];
  Fate        fates[2][32];
  guint       n_files;
  guint       n_offered;
  gboolean    has_folder; /* the first file: the others are entries of the folder */
  Random      random;
} Pair;

static guint32
to_number (Pair *self, guint n)
{
  return self->has_folder && n > 1 ? IBB_BUNDLE_FIRST_ENTRY + n - 2 : n;
}

static guint
to_index (const IBBBundleEvent *event)
{
  return event->folder > 0 ? event->number - IBB_BUNDLE_FIRST_ENTRY + 2 : event->number;
}

static void
set_fate (Pair *self, guint end, guint number, Fate fate)
{
  g_assert_cmpint (self->fates[end][number], ==, FATE_NONE);
  self->fates[end][number] = fate;
  if (self->has_folder && number == 1 && fate == FATE_FAILED)
    for (guint i = 2; i <= self->n_files; i++)
      if (self->fates[end][i] == FATE_NONE)
        self->fates[end][i] = FATE_FAILED;
}

static void
fail (Pair *self, guint end, guint number)
{
  set_fate (self, end, number, FATE_FAILED);
  ibb_bundle_fail (self->ends[end], to_number (self, number), IBB_REASON_CANCEL, "of this end");
}

static void
take_event (Pair *self, guint end, const IBBBundleEvent *event)
{
  guint n = to_index (event);

  g_assert_cmpint (event->type, !=, IBB_BUNDLE_BROKEN);
  /* The receiver may have delivered an entry before the folder failed. */
  if (self->fates[end][n] == FATE_FAILED && event->folder > 0)
    return;
  g_assert_cmpint (self->fates[end][n], ==, FATE_NONE);
  switch (event->type)
    {
    case IBB_BUNDLE_OFFERED:
      g_assert_cmpuint (ibb_files_metadata_get_size (event->metadata), ==, self->sizes[n]);
      break;
    case IBB_BUNDLE_ACCEPTED:
      self->n_sent[n] = (guint) event->offset;
      break;
    case IBB_BUNDLE_DATA:
      memcpy (self->got[n] + self->n_received[n], event->data, event->length);
      self->n_received[n] += (guint) event->length;
      break;
    case IBB_BUNDLE_ENDED:
      if (n > 1 || !self->has_folder)
        g_assert_cmpmem (self->got[n], self->n_received[n], self->files[n], self->sizes[n]);
      self->is_ended[n] = TRUE;
      break;
    case IBB_BUNDLE_DELIVERED:
      set_fate (self, end, n, FATE_DELIVERED);
      break;
    case IBB_BUNDLE_FAILED:
      set_fate (self, end, n, FATE_FAILED);
      break;
    default:
      g_assert_not_reached ();
    }
}

/* Of a random file, what its state allows. */
static void
act_as_receiver (Pair *self, guint n)
{
  IBBBundle *end = self->ends[0];
  guint32    number = to_number (self, n);

  if (number > (number >= IBB_BUNDLE_FIRST_ENTRY ? end->last_entry : end->last) ||
      self->fates[0][n] != FATE_NONE)
    return;
  if (self->is_ended[n])
    {
      if (random_percent (&self->random, 80))
        {
          ibb_bundle_deliver (end, number);
          set_fate (self, 0, n, FATE_DELIVERED);
        }
      else
        fail (self, 0, n);
    }
  else if (random_percent (&self->random, 3))
    fail (self, 0, n);
  else if (self->n_received[n] == 0 && self->got[n][0] != 'a')
    {
      guint offset = random_percent (&self->random, number == 1 && self->has_folder ? 0 : 30)
                         ? (guint) random_below (&self->random, self->sizes[n] + 1)
                         : 0;

      ibb_bundle_accept (end, number, offset);
      memcpy (self->got[n], self->files[n], MAX (offset, 1));
      self->n_received[n] = offset;
      self->got[n][0] = 'a'; /* of each file the first byte */
    }
}

static void
offer_next (Pair *self)
{
  IBBBundle                   *end = self->ends[1];
  guint                        n = self->n_offered + 1;
  g_autoptr (IBBFilesMetadata) metadata = NULL;
  guint32                      number;

  if (n > self->n_files || !ibb_bundle_has_room (end) ||
      (self->has_folder && n > 1 && !ibb_bundle_can_send (end, 1)))
    return;
  metadata = ibb_files_metadata_new ("name", self->sizes[n]);
  if (n == 1 && self->has_folder)
    ibb_files_metadata_set_folder (metadata, self->n_files - 1);
  number = self->has_folder && n > 1 ? ibb_bundle_offer_entry (end, 1, metadata)
                                     : ibb_bundle_offer (end, metadata);
  g_assert_cmpuint (number, ==, to_number (self, ++self->n_offered));
}

/* Whether the folder can end: all its entries have. */
static gboolean
has_entries (Pair *self)
{
  for (guint i = 2; i <= self->n_files; i++)
    if (i > self->n_offered || self->fates[1][i] == FATE_NONE)
      return TRUE;
  return g_hash_table_size (self->ends[1]->files) > 1;
}

static gboolean
has_failed_entry (Pair *self)
{
  for (guint i = 2; i <= self->n_files; i++)
    if (self->fates[1][i] == FATE_FAILED)
      return TRUE;
  return FALSE;
}

static void
act_as_sender (Pair *self, guint n)
{
  IBBBundle *end = self->ends[1];
  guint32    number = to_number (self, n);
  gboolean   is_folder = self->has_folder && n == 1;
  guint      left = is_folder ? 0 : self->sizes[n] - self->n_sent[n];

  offer_next (self);
  if (n > self->n_offered || self->fates[1][n] != FATE_NONE)
    return;
  if (ibb_bundle_can_send (end, number) && left > 0)
    {
      guint length = (guint) random_scaled (&self->random, 1, left);

      ibb_bundle_send (end, number, self->files[n] + self->n_sent[n], length);
      self->n_sent[n] += length;
    }
  else if (ibb_bundle_can_send (end, number) && is_folder && !has_entries (self) &&
           has_failed_entry (self))
    fail (self, 1, n);
  else if (ibb_bundle_can_send (end, number) && !(is_folder && has_entries (self)))
    ibb_bundle_end (end, number, is_folder ? no_hash : hash);
  else if (random_percent (&self->random, 1))
    {
      /* A file whose half has ended stays as it is. */
      gsize before = ibb_bundle_get_n_output (end);

      ibb_bundle_fail (end, number, IBB_REASON_CANCEL, NULL);
      if (ibb_bundle_get_n_output (end) > before)
        set_fate (self, 1, n, FATE_FAILED);
    }
}

static void
deliver_piece (Pair *self, guint end)
{
  g_autoptr (GBytes) output = ibb_bundle_take_output (self->ends[1 - end], TRUE);
  GByteArray        *wire = self->wires[end];
  IBBBundleEvent     event;
  guint              n;

  if (output != NULL)
    {
      g_assert_cmpuint (g_bytes_get_size (output) % IBB_BUNDLE_BLOCK_SIZE, ==, 0);
      g_byte_array_append (wire, g_bytes_get_data (output, NULL),
                           (guint) g_bytes_get_size (output));
    }
  if (wire->len == 0)
    return;
  n = (guint) random_scaled (&self->random, 1, wire->len);
  ibb_bundle_push (self->ends[end], wire->data, n);
  g_byte_array_remove_range (wire, 0, n);
  while (ibb_bundle_next (self->ends[end], &event))
    take_event (self, end, &event);
}

static gboolean
is_over (Pair *self)
{
  return (self->n_offered == self->n_files || self->fates[1][self->n_files] != FATE_NONE) &&
         ibb_bundle_is_idle (self->ends[0]) && ibb_bundle_is_idle (self->ends[1]) &&
         self->wires[0]->len == 0 && self->wires[1]->len == 0 &&
         ibb_bundle_get_n_output (self->ends[0]) == 0 &&
         ibb_bundle_get_n_output (self->ends[1]) == 0;
}

/* Whether both ends came to an end. */
static gboolean
run_pair (guint64 seed)
{
  g_autofree Pair *self = g_new0 (Pair, 1);

  g_test_message ("seed %" G_GUINT64_FORMAT, seed);
  self->random.state = seed;
  self->n_files = 1 + (guint) random_below (&self->random, 30);
  self->has_folder = random_percent (&self->random, 50);
  for (guint end = 0; end < 2; end++)
    {
      self->ends[end] = ibb_bundle_new (end == 1);
      self->wires[end] = g_byte_array_new ();
    }
  for (guint i = 1; i <= self->n_files; i++)
    {
      self->sizes[i] = (guint) random_scaled (&self->random, 0, sizeof self->files[i]);
      random_fill (self->files[i], sizeof self->files[i], &self->random);
      self->files[i][0] = 'a';
    }
  if (self->has_folder)
    self->sizes[1] = 0;
  for (guint i = 2; self->has_folder && i <= self->n_files; i++)
    self->sizes[1] += self->sizes[i];
  for (guint i = 0; i < 100000 && !is_over (self); i++)
    {
      guint n = 1 + (guint) random_below (&self->random, self->n_files);

      if (random_percent (&self->random, 50))
        act_as_sender (self, n);
      else
        act_as_receiver (self, n);
      deliver_piece (self, (guint) random_below (&self->random, 2));
    }
  if (!is_over (self))
    return FALSE;
  for (guint i = 1; i <= self->n_files; i++)
    {
      g_assert_cmpint (self->fates[0][i], !=, FATE_NONE);
      if (!self->has_folder || i == 1 || self->fates[0][1] == FATE_DELIVERED)
        g_assert_cmpint (self->fates[0][i], ==, self->fates[1][i]);
    }
  for (guint end = 0; end < 2; end++)
    {
      g_assert_cmpuint (self->ends[end]->n_open_bytes, ==, 0);
      ibb_bundle_free (self->ends[end]);
      g_byte_array_unref (self->wires[end]);
    }
  return TRUE;
}

static void
test_pairs (void)
{
  for (guint64 seed = 0; seed < N_SEEDS; seed++)
    g_assert_true (run_pair (seed));
}

/* A stream that is cut tells a file that is open from one that is over. */
static void
test_cuts (void)
{
  g_autoptr (IBBFilesMetadata) metadata = ibb_files_metadata_new ("a", 5000);
  g_autoptr (IBBBundle)        sender = ibb_bundle_new (TRUE);
  g_autoptr (GBytes)           output = NULL;
  const guint8                 accept[] = { 2, 0, 0, 8, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0 };
  static const guint8          bytes[5000];
  IBBBundleEvent               event;
  const guint8                *data;
  gsize                        length, n_offer, n_frames;

  ibb_bundle_offer (sender, metadata);
  n_offer = ibb_bundle_get_n_output (sender);
  ibb_bundle_push (sender, accept, sizeof accept);
  g_assert_true (ibb_bundle_next (sender, &event));
  ibb_bundle_send (sender, 1, bytes, sizeof bytes);
  ibb_bundle_end (sender, 1, hash);
  n_frames = ibb_bundle_get_n_output (sender);
  output = ibb_bundle_take_output (sender, TRUE);
  data = g_bytes_get_data (output, &length);
  for (gsize cut = 0; cut <= length; cut++)
    {
      g_autoptr (IBBBundle) receiver = ibb_bundle_new (FALSE);
      gboolean              is_offered = FALSE;

      for (guint part = 0; part < 2; part++)
        {
          ibb_bundle_push (receiver, data + part * (cut / 2), part == 0 ? cut / 2 : cut - cut / 2);
          while (ibb_bundle_next (receiver, &event))
            {
              g_assert_cmpint (event.type, !=, IBB_BUNDLE_BROKEN);
              is_offered = TRUE;
              if (event.type == IBB_BUNDLE_OFFERED)
                ibb_bundle_accept (receiver, 1, 0);
              if (event.type == IBB_BUNDLE_ENDED)
                ibb_bundle_deliver (receiver, 1);
            }
        }
      g_assert_cmpint (ibb_bundle_is_idle (receiver), ==,
                       cut == 0 || cut == n_frames || cut == length);
      g_assert_cmpint (is_offered, ==, cut >= n_offer);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/ibb/files/bundle/scripts", test_scripts);
  g_test_add_func ("/ibb/files/bundle/nul", test_nul);
  g_test_add_func ("/ibb/files/bundle/bounds", test_bounds);
  g_test_add_func ("/ibb/files/bundle/padding", test_padding);
  g_test_add_func ("/ibb/files/bundle/too-long", test_too_long);
  g_test_add_func ("/ibb/files/bundle/too-many", test_too_many);
  g_test_add_func ("/ibb/files/bundle/pairs", test_pairs);
  g_test_add_func ("/ibb/files/bundle/cuts", test_cuts);
  return g_test_run ();
}
