/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The frames of files in one encrypted stream: scripts of one end, and two ends with pieces,
 * orders, refusals and cancellations from seeds. */

#include "files/bundle.h"

#include <glib.h>
#include <stdio.h>
#include <string.h>

#define OFFER                                                                                      \
  "<file xmlns='urn:xmpp:jingle:apps:file-transfer:5'><name>a</name><size>%u</size></file>"

static const guint8 hash[IBB_BUNDLE_HASH_LENGTH] = { 1, 2, 3 };

static void
push_frame (IBBBundle *self, guint type, guint number, const void *payload, gsize length)
{
  const guint8 header[8] = {
    (guint8) type,          (guint8) (length >> 16), (guint8) (length >> 8), (guint8) length, 0, 0,
    (guint8) (number >> 8), (guint8) number,
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
    g_string_append_printf (log, " %u", event->number);
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
  offset = GUINT64_TO_BE ((guint64) value);
  description = g_strdup_printf (OFFER, value);
  metadata = ibb_files_metadata_new ("a", value);
  if (*word == 'O')
    push_frame (self, 1, number, description, strlen (description));
  else if (*word == 'A')
    push_frame (self, 2, number, &offset, sizeof offset);
  else if (*word == 'D')
    push_frame (self, 3, number, bytes, value);
  else if (*word == 'E')
    push_frame (self, 4, number, hash, sizeof hash);
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
    ibb_bundle_fail (self, number, "cancel", NULL);
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
  /* Mistakes. */
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
  { "U7:1", "broken: a frame is of a type that this end does not take" },
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

static void
test_scripts (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (IBBBundle) self = ibb_bundle_new (cases[i].script[0] == 'o');
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
      output = ibb_bundle_take_output (sender);
      g_assert_cmpuint (n, ==, i == 0 ? IBB_BUNDLE_OPEN_MAX : 25);
      g_assert_cmpuint (g_bytes_get_size (output) % IBB_BUNDLE_BLOCK_SIZE, ==, 0);
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

static void
test_too_long (void)
{
  g_autofree char             *text = g_strnfill (IBB_BUNDLE_DESCRIPTION_MAX, 'd');
  g_autoptr (IBBFilesMetadata) metadata = ibb_files_metadata_new ("a", 1);
  g_autoptr (IBBBundle)        self = ibb_bundle_new (TRUE);

  ibb_files_metadata_set_description (metadata, text);
  g_assert_cmpuint (ibb_bundle_offer (self, metadata), ==, 0);
  g_assert_null (ibb_bundle_take_output (self));
  g_assert_true (ibb_bundle_is_idle (self));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/ibb/files/bundle/scripts", test_scripts);
  g_test_add_func ("/ibb/files/bundle/bounds", test_bounds);
  g_test_add_func ("/ibb/files/bundle/too-long", test_too_long);
  return g_test_run ();
}
