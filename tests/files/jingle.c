/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The state machine of one file's Jingle session: what a peer sends, and what comes of that. */

#include "config.h"

#include "files/protocol/jingle.h"

#include "files/disk/hasher.h"
#include "files/protocol/initiation.h"
#include "files/protocol/reason.h"

#include <ibb-glib/ibb-glib.h>
#include <string.h>

#define FT "urn:xmpp:jingle:apps:file-transfer:5"
#define IBB "urn:xmpp:jingle:transports:ibb:1"
#define TRANSPORT "<transport xmlns='" IBB "' sid='t1' block-size='4096'/>"
/* SHA-256 of nothing. */
#define SHA_256 "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
#define FILE_OF(children) "<description xmlns='" FT "'><file>" children "</file></description>"
#define CONTENT(children) "<content creator='initiator' name='c'>" children "</content>"
/* Of a bundle. */
#define DESCRIBED(namespace)                                                                       \
  CONTENT ("<description xmlns='" namespace "'><file xmlns='" FT "'><name>a</name>"                \
                                            "<size>1</size></file></description>" TRANSPORT)
#define OFFER CONTENT (FILE_OF ("<name>a</name><size>10</size><range/>") TRANSPORT)

static IBBElement *
parse (const char *payload)
{
  g_autoptr (GError) error = NULL;
  IBBElement        *element = ibb_element_new_from_xml (payload, -1, &error);

  g_assert_no_error (error);
  return element;
}

static IBBElement *
parse_action (const char *action, const char *children)
{
  g_autofree char *payload = g_strdup_printf (
      "<jingle xmlns='urn:xmpp:jingle:1' sid='s1' action='%s'>%s</jingle>", action, children);

  return parse (payload);
}

/* The next request, which has the words; NULL: there is none. */
static void
assert_sends (IBBJingle *jingle, const char *words)
{
  g_autofree char *request = g_queue_pop_head (&jingle->requests);

  if (words == NULL)
    {
      g_assert_null (request);
      return;
    }
  g_assert_nonnull (request);
  g_test_message ("%s", request);
  g_assert_nonnull (strstr (request, words));
  ibb_element_unref (parse (request));
}

static IBBJingle *
create_sender (gboolean takes_range)
{
  g_autoptr (IBBFilesMetadata) metadata = ibb_files_metadata_new ("a", 10);
  IBBJingle *jingle = ibb_jingle_new_offer ("r@m/o", "s1", "t1", 8192, metadata, takes_range, NULL);

  assert_sends (jingle, "session-initiate");
  return jingle;
}

static IBBJingle *
receive_offer (const char *children, IBBJingleRefusal *refusal)
{
  g_autoptr (IBBElement) element = parse_action ("session-initiate", children);

  return ibb_jingle_is_offer (element) ? ibb_jingle_new_from_offer (element, "j@c/b", refusal)
                                       : NULL;
}

static IBBJingle *
create_receiver (void)
{
  IBBJingleRefusal refusal;
  IBBJingle       *jingle = receive_offer (OFFER, &refusal);

  g_assert_nonnull (jingle);
  assert_sends (jingle, NULL);
  return jingle;
}

/* What an offer gets that cannot be taken: an error, or the end of the session. */
static void
test_offers (void)
{
  const struct
  {
    const char *children;
    const char *condition; /* NULL: it is answered with a result */
    const char *reason;    /* NULL: it is taken */
  } rows[] = {
    { OFFER, NULL, NULL },
    { CONTENT (FILE_OF ("<name>a</name>") TRANSPORT), NULL, "<incompatible-parameters/>" },
    { CONTENT (FILE_OF ("<size>18446744073709551616</size>") TRANSPORT), "bad-request", NULL },
    { CONTENT (FILE_OF ("<size>9223372036854775808</size>") TRANSPORT), "bad-request", NULL },
    { CONTENT (FILE_OF ("<size>-1</size>") TRANSPORT), "bad-request", NULL },
    { CONTENT (FILE_OF ("<size>1</size><range offset='2'/>") TRANSPORT), "bad-request", NULL },
    { CONTENT ("<description xmlns='" FT "'/>" TRANSPORT), "bad-request", NULL },
    { DESCRIBED ("urn:ibb-glib:folders:1"), NULL, NULL },
    /* What is private is not described in the clear. */
    { DESCRIBED ("urn:ibb-glib:files:1"), "bad-request", NULL },
    { "<content creator='initiator'>" FILE_OF ("") TRANSPORT "</content>", "bad-request", NULL },
    { CONTENT (FILE_OF ("") "<transport xmlns='" IBB "' block-size='1'/>"), "bad-request", NULL },
    { CONTENT (FILE_OF ("") "<transport xmlns='" IBB "' sid='t'/>"), "bad-request", NULL },
    { CONTENT (FILE_OF ("") "<transport xmlns='" IBB "' sid='t' block-size='0'/>"), "bad-request",
      NULL },
    { CONTENT (FILE_OF ("") "<transport xmlns='urn:xmpp:jingle:transports:s5b:1' sid='t'/>"), NULL,
      "<unsupported-transports/>" },
    { CONTENT (FILE_OF ("") TRANSPORT
               "<security xmlns='urn:xmpp:jingle:jet:0' name='c' cipher='x'/>"),
      NULL, "<security-error/>" },
    { OFFER OFFER, NULL, "<unsupported-applications/>" },
    { "<content creator='initiator' name='c' senders='responder'>" FILE_OF ("") TRANSPORT
      "</content>",
      NULL, "<unsupported-applications/>" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      IBBJingleRefusal      refusal = { NULL, NULL, NULL };
      g_autoptr (IBBJingle) jingle = receive_offer (rows[i].children, &refusal);

      g_test_message ("%u", i);
      g_assert_cmpstr (refusal.condition, ==, rows[i].condition);
      g_assert_true ((jingle == NULL) == (rows[i].condition != NULL));
      if (jingle != NULL)
        assert_sends (jingle, rows[i].reason);
    }
}

static void
test_not_offers (void)
{
  IBBJingleRefusal refusal;

  g_assert_null (receive_offer ("", &refusal));
  g_assert_null (receive_offer ("<content creator='initiator' name='c'><description "
                                "xmlns='urn:xmpp:jingle:apps:rtp:1'/></content>",
                                &refusal));
}

/* The refusal of a request; NULL: it is answered with a result. */
static void
assert_receives (IBBJingle  *jingle,
                 const char *action,
                 const char *children,
                 const char *condition,
                 const char *child)
{
  g_autoptr (IBBElement) element = parse_action (action, children);
  IBBJingleRefusal       refusal = { NULL, NULL, NULL };

  g_assert_true (ibb_jingle_receive (jingle, element, &refusal) == (condition == NULL));
  g_assert_cmpstr (refusal.condition, ==, condition);
  g_assert_cmpstr (refusal.jingle, ==, child);
}

/* An accept of what was not offered ends the session. The bytes before an offset would be lost of
 * which the offer has not said that it may be asked for. */
static void
test_misaccepted (void)
{
  const struct
  {
    gboolean    takes_range;
    const char *children;
    const char *reason;
  } rows[] = {
    { TRUE, "", "<unsupported-transports/>" },
    { TRUE, CONTENT (FILE_OF ("")), "<unsupported-transports/>" },
    { TRUE, CONTENT (FILE_OF ("") "<transport xmlns='urn:xmpp:jingle:transports:s5b:1' sid='t1'/>"),
      "<unsupported-transports/>" },
    { TRUE, CONTENT ("<transport xmlns='" IBB "' sid='t1' block-size='0'/>"),
      "<incompatible-parameters/>" },
    { TRUE, CONTENT (FILE_OF ("<size>10</size><range offset='11'/>") TRANSPORT),
      "<incompatible-parameters/>" },
    { TRUE, CONTENT (FILE_OF ("<size>11</size><range offset='11'/>") TRANSPORT),
      "<incompatible-parameters/>" },
    { FALSE, CONTENT (FILE_OF ("<size>10</size><range offset='4'/>") TRANSPORT),
      "<incompatible-parameters/>" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (IBBJingle) jingle = create_sender (rows[i].takes_range);

      assert_receives (jingle, "session-accept", rows[i].children, "bad-request", NULL);
      assert_sends (jingle, rows[i].reason);
      g_assert_true (jingle->is_misaccepted);
      g_assert_cmpint (jingle->state, ==, IBB_JINGLE_ENDED);
    }
}

/* Who has created a content that does not say it (XEP-0166 §7.3): the initiator. */
static void
test_creator (void)
{
  IBBJingleRefusal      refusal;
  g_autoptr (IBBJingle) jingle = receive_offer (
      "<content name='c'>" FILE_OF ("<name>a</name><size>10</size>") TRANSPORT "</content>",
      &refusal);

  ibb_jingle_accept (jingle, 4096, 0);
  assert_sends (jingle, "<content creator='initiator' name='c'");
}

static void
test_sender (void)
{
  g_autoptr (IBBJingle) jingle = create_sender (TRUE);

  assert_receives (jingle, "session-initiate", OFFER, "unexpected-request", "out-of-order");
  assert_receives (jingle, "transport-replace", OFFER, "unexpected-request", "out-of-order");
  assert_receives (jingle, "content-add", OFFER, "feature-not-implemented", NULL);
  assert_receives (jingle, "session-info", "", NULL, NULL);
  assert_receives (jingle, "session-info", "<x xmlns='y'/>", "feature-not-implemented",
                   "unsupported-info");
  g_assert_cmpint (jingle->state, ==, IBB_JINGLE_OFFERED);
  assert_receives (jingle, "session-info",
                   "<received xmlns='" FT "' creator='initiator' name='c'/>", NULL, NULL);
  g_assert_false (jingle->is_received); /* nothing has been accepted */

  assert_receives (jingle, "session-accept",
                   CONTENT (FILE_OF ("<size>10</size><range offset='4'/>") TRANSPORT), NULL, NULL);
  g_assert_cmpint (jingle->state, ==, IBB_JINGLE_ACCEPTED);
  g_assert_cmpuint (jingle->block_size, ==, 4096);
  g_assert_cmpuint (jingle->offset, ==, 4);
  assert_receives (jingle, "session-accept", OFFER, "unexpected-request", "out-of-order");

  ibb_jingle_send_checksum (jingle, "sha-256", "aGFzaA==");
  assert_sends (jingle, "<checksum ");
  assert_receives (jingle, "session-info",
                   "<received xmlns='" FT "' creator='initiator' name='c'/>", NULL, NULL);
  g_assert_true (jingle->is_received);
  assert_receives (jingle, "session-terminate", "<reason><success/><text>Thank you</text></reason>",
                   NULL, NULL);
  g_assert_cmpint (jingle->state, ==, IBB_JINGLE_ENDED);
  g_assert_cmpstr (jingle->reason, ==, "success");
  g_assert_cmpstr (jingle->reason_text, ==, "Thank you");
  assert_receives (jingle, "session-info", "", "unexpected-request", "out-of-order");
  ibb_jingle_terminate (jingle, IBB_REASON_CANCEL, NULL);
  ibb_jingle_send_checksum (jingle, "sha-256", "aGFzaA==");
  assert_sends (jingle, NULL);
}

/* A block size may only fall, whatever the peer says; an accept may leave out what is as offered.
 */
static void
test_block_size (void)
{
  const struct
  {
    const char *transport;
    guint       block_size;
  } rows[] = {
    { "<transport xmlns='" IBB "' sid='t1' block-size='65536'/>", 8192 },
    { "<transport xmlns='" IBB "' sid='t1' block-size=' 256 '/>", 256 },
    { "<transport xmlns='" IBB "'/>", 8192 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (IBBJingle) jingle = create_sender (TRUE);
      g_autofree char      *content = g_strdup_printf (CONTENT ("%s"), rows[i].transport);

      assert_receives (jingle, "session-accept", content, NULL, NULL);
      g_assert_cmpuint (jingle->block_size, ==, rows[i].block_size);
    }
}

static void
test_receiver (void)
{
  /* Not those that are asked for. */
  static const char *const ranges[] = { "offset='3'", "", "offset='4' length='1'", "offset='x'",
                                        "offset='4' length='x'" };
  g_autoptr (IBBJingle)    jingle = create_receiver ();

  g_assert_true (jingle->takes_range);
  assert_receives (jingle, "session-accept", OFFER, "unexpected-request", "out-of-order");
  assert_receives (jingle, "transport-info", "", NULL, NULL);
  assert_sends (jingle, NULL);
  /* As responder it has nothing but this transport. */
  for (guint i = 0; i < 10; i++)
    {
      assert_receives (jingle, "transport-replace", OFFER, NULL, NULL);
      assert_sends (jingle, "transport-reject");
      assert_sends (jingle, NULL);
    }
  assert_receives (jingle, "transport-replace", OFFER, "resource-constraint", NULL);
  assert_sends (jingle, NULL);
  ibb_jingle_accept (jingle, 65535, 4);
  assert_sends (jingle, "<range offset='4'/>");
  g_assert_cmpuint (jingle->block_size, ==, 4096);
  assert_receives (jingle, "session-info", "<checksum xmlns='" FT "'/>", NULL, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (ranges); i++)
    {
      g_autofree char *checksum = g_strdup_printf (
          "<checksum xmlns='" FT "'><file><range %s><hash xmlns='urn:xmpp:hashes:2' "
          "algo='sha-256'>" SHA_256 "</hash></range></file></checksum>",
          ranges[i]);

      assert_receives (jingle, "session-info", checksum, NULL, NULL);
    }
  g_assert_false (jingle->has_checksum);
  assert_receives (jingle, "session-info",
                   "<checksum xmlns='" FT "'><file><hash xmlns='urn:xmpp:hashes:2' algo='sha-256'>"
                   " 47DEQpj8HBSa+/TImW+5\n  JCeuQeRkm5NMpJWZG3hSuFU= </hash><hash "
                   "xmlns='urn:xmpp:hashes:2' algo='none'>x</hash></file>"
                   "</checksum>",
                   NULL, NULL);
  g_assert_true (jingle->has_checksum);
  g_assert_cmpstr (ibb_files_metadata_get_hash (jingle->metadata, "sha-256"), ==, SHA_256);
  g_assert_null (ibb_files_metadata_get_hash (jingle->metadata, "none"));
  ibb_jingle_send_received (jingle);
  assert_sends (jingle, "<received ");
  ibb_jingle_terminate (jingle, IBB_REASON_SUCCESS, "a<b");
  assert_sends (jingle, "<success/><text>a&lt;b</text>");
}

/* Gajim's offer, and what Conversations calls a media type. */
static void
test_dialects (void)
{
  IBBJingleRefusal      refusal;
  g_autoptr (IBBJingle) jingle = receive_offer (
      CONTENT (FILE_OF ("<name>f</name><date>2026-11-26T04:19:02.238541+00:00Z</date>"
                        "<size>1</size><mediaType>image/png</mediaType><desc/>"
                        "<hash algo='sha-256' xmlns='urn:xmpp:hashes:2'>" SHA_256 "</hash>"
                        "<hash algo='sha-512' xmlns='urn:xmpp:hashes:2'>" SHA_256 "</hash>")
                   TRANSPORT),
      &refusal);
  g_autofree char *date = NULL;

  g_assert_nonnull (jingle);
  date = g_date_time_format (ibb_files_metadata_get_date (jingle->metadata), "%F %T");
  g_assert_cmpstr (date, ==, "2026-11-26 04:19:02");
  g_assert_cmpstr (ibb_files_metadata_get_media_type (jingle->metadata), ==, "image/png");
  g_assert_null (ibb_files_metadata_get_description (jingle->metadata));
  g_assert_cmpstr (ibb_files_metadata_get_hash (jingle->metadata, "sha-256"), ==, SHA_256);
  g_assert_null (ibb_files_metadata_get_hash (jingle->metadata, "sha-512")); /* too short */
  g_assert_false (jingle->takes_range);
}

/* Stream initiation. */

#define SI(attributes, children)                                                                   \
  "<si xmlns='http://jabber.org/protocol/si' " attributes                                          \
  " profile='http://jabber.org/protocol/si/profile/file-transfer'>" children "</si>"
#define SI_FILE(attributes)                                                                        \
  "<file xmlns='http://jabber.org/protocol/si/profile/file-transfer' " attributes "/>"
#define FORM(options)                                                                              \
  "<feature xmlns='http://jabber.org/protocol/feature-neg'><x xmlns='jabber:x:data' type='form'>"  \
  "<field var='stream-method' type='list-single'>" options "</field></x></feature>"
#define OPTION(value) "<option><value>" value "</value></option>"
#define IN_BAND OPTION ("http://jabber.org/protocol/ibb")

static void
test_initiation (void)
{
  const struct
  {
    const char *si;
    const char *condition; /* NULL: taken */
    const char *child;
  } rows[] = {
    { SI ("id='i'", SI_FILE ("name='a' size='3'") FORM (IN_BAND)), NULL, NULL },
    { SI ("id='i'", SI_FILE ("name='a' size='3'") FORM (OPTION ("x") "<option/>" IN_BAND)), NULL,
      NULL },
    { SI ("id='i'", SI_FILE ("name='a'") FORM (IN_BAND)), "bad-request", NULL },
    { SI ("id='i'", SI_FILE ("name='a' size='3'") FORM (OPTION ("x"))), "bad-request",
      "no-valid-streams" },
    { SI ("id='i'", SI_FILE ("name='a' size='3'")), "bad-request", "no-valid-streams" },
    { SI ("id=''", SI_FILE ("name='a' size='3'") FORM (IN_BAND)), "bad-request", NULL },
    { SI ("", SI_FILE ("name='a' size='3'") FORM (IN_BAND)), "bad-request", NULL },
    { SI ("id='i'", SI_FILE ("size='3'") FORM (IN_BAND)), "bad-request", NULL },
    { SI ("id='i'", FORM (IN_BAND)), "bad-request", NULL },
    { SI ("id='i'", SI_FILE ("name='a' size='9223372036854775808'") FORM (IN_BAND)), "bad-request",
      NULL },
    { SI ("id='i'", SI_FILE ("name='a' size='x'") FORM (IN_BAND)), "bad-request", NULL },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (IBBElement)       si = parse (rows[i].si);
      g_autofree char             *sid = NULL;
      const char                  *condition = NULL;
      const char                  *child = NULL;
      g_autoptr (IBBFilesMetadata) metadata = NULL;

      g_test_message ("%u", i);
      g_assert_true (ibb_initiation_is_offer (si));
      metadata = ibb_initiation_read_offer (si, &sid, &condition, &child);
      g_assert_true ((metadata != NULL) == (rows[i].condition == NULL));
      if (metadata == NULL)
        {
          g_assert_cmpstr (condition, ==, rows[i].condition);
          g_assert_cmpstr (child, ==, rows[i].child);
        }
      else
        g_assert_cmpstr (sid, ==, "i");
    }
}

/* Both ends of the own form. */
static void
test_initiation_own (void)
{
  g_autoptr (IBBFilesMetadata) metadata = ibb_files_metadata_new ("<ä&'\">\1", 5);
  g_autoptr (GDateTime)        date = g_date_time_new_utc (2026, 11, 26, 18, 5, 7);
  g_autofree char             *offer = NULL;
  g_autofree char             *answer = ibb_initiation_write_answer ();
  g_autoptr (IBBElement)       read_answer = parse (answer);
  g_autoptr (IBBElement)       si = NULL;
  g_autoptr (IBBFilesMetadata) seen = NULL;
  g_autofree char             *sid = NULL;
  const char                  *condition;
  const char                  *child;

  ibb_files_metadata_set_description (metadata, "<b>");
  ibb_files_metadata_set_media_type (metadata, "text/plain");
  ibb_files_metadata_set_date (metadata, date);
  offer = ibb_initiation_write_offer ("s&1", metadata);
  si = parse (offer);
  seen = ibb_initiation_read_offer (si, &sid, &condition, &child);
  g_assert_nonnull (seen);
  g_assert_cmpstr (sid, ==, "s&1");
  g_assert_cmpstr (ibb_files_metadata_get_name (seen), ==, "<ä&'\">�");
  g_assert_cmpuint (ibb_files_metadata_get_size (seen), ==, 5);
  g_assert_cmpstr (ibb_files_metadata_get_description (seen), ==, "<b>");
  g_assert_cmpstr (ibb_files_metadata_get_media_type (seen), ==, "text/plain");
  g_assert_true (g_date_time_equal (ibb_files_metadata_get_date (seen), date));
  g_assert_true (ibb_initiation_read_answer (read_answer));
  g_assert_false (ibb_initiation_read_answer (si)); /* a form is no answer */
}

/* QXmpp gives an MD5 in hexadecimal digits. */
static void
test_initiation_hash (void)
{
  const char *const hashes[] = { "900150983cd24fb0d6963f7d28e17f72", "9", "zz", "" };

  for (guint i = 0; i < G_N_ELEMENTS (hashes); i++)
    {
      g_autofree char *file = g_strdup_printf (SI_FILE ("name='a' size='3' hash='%s'"), hashes[i]);
      g_autofree char *xml = g_strdup_printf (SI ("id='i'", "%s" FORM (IN_BAND)), file);
      g_autoptr (IBBElement)       si = parse (xml);
      g_autofree char             *sid = NULL;
      const char                  *condition;
      const char                  *child;
      g_autoptr (IBBFilesMetadata) metadata =
          ibb_initiation_read_offer (si, &sid, &condition, &child);

      g_assert_nonnull (metadata);
      g_assert_cmpstr (ibb_files_metadata_get_hash (metadata, "md5"), ==,
                       i == 0 ? "kAFQmDzST7DWlj99KOF/cg==" : NULL);
    }
}

static void
count_cb (IBBFilesMetadata *metadata, GParamSpec *pspec, guint *n)
{
  ++*n;
}

/* Each setter notifies once. */
static void
test_hash (void)
{
  g_autoptr (IBBFilesMetadata) metadata = ibb_files_metadata_new ("a", 1);

  ibb_files_metadata_set_hash (metadata, "sha-256", "b");
  g_assert_cmpstr (ibb_files_metadata_get_hash (metadata, "sha-256"), ==, "b");
  ibb_files_metadata_set_hash (metadata, "sha-256", NULL);
  g_assert_null (ibb_files_metadata_get_hash (metadata, "sha-256"));
}

static void
test_notify (void)
{
  g_autoptr (IBBFilesMetadata) metadata = ibb_files_metadata_new ("a", 1);
  g_autoptr (GDateTime)        date = g_date_time_new_now_utc ();
  guint                        n[3] = { 0 };

  g_signal_connect (metadata, "notify::media-type", G_CALLBACK (count_cb), &n[0]);
  g_signal_connect (metadata, "notify::date", G_CALLBACK (count_cb), &n[1]);
  g_signal_connect (metadata, "notify::description", G_CALLBACK (count_cb), &n[2]);
  for (guint i = 0; i < 4; i++)
    {
      ibb_files_metadata_set_media_type (metadata, i < 2 ? "a/b" : NULL);
      ibb_files_metadata_set_date (metadata, i < 2 ? date : NULL);
      ibb_files_metadata_set_description (metadata, i < 2 ? "c" : NULL);
      for (guint j = 0; j < G_N_ELEMENTS (n); j++)
        g_assert_cmpuint (n[j], ==, i / 2 + 1);
    }
}

/* The names that are made of a peer's. */
static void
test_safe_names (void)
{
  const struct
  {
    const char *name;
    const char *safe;
  } rows[] = {
    { "a.txt", "a.txt" },
    { "ä ö & <x> \"q\".txt", "ä ö & <x> \"q\".txt" },
    { "../../etc/passwd", "passwd" },
    { "..\\..\\boot.ini", "boot.ini" },
    { ".bashrc", "bashrc" },
    { "...", "file" },
    { "a/", "file" },
    { "", "file" },
    { " a ", "a" },
    { "a\nb\tc", "abc" },
    { "a\u202etxt.exe", "atxt.exe" },
    { "\u2067.x", "x" },
    { "a\u2028b", "ab" },
    { "می\u200cخواهم.txt", "می\u200cخواهم.txt" },
    { "क\u094d\u200dष", "क\u094d\u200dष" },
    { "\U0001F468\u200d\U0001F469.png", "\U0001F468\u200d\U0001F469.png" },
    { "\U0001F3F4\U000E0067\U000E0062\U000E007F", "\U0001F3F4\U000E0067\U000E0062\U000E007F" },
    { "\u0600\u0661", "\u0600\u0661" },
    { "\u200d.\u200cx", "x" }, /* nothing to join: the dot is in front */
    { "\u200b\ufeff\u200fa", "a" },
  };
  g_autofree char             *many = g_strdup_printf ("%04000d.tar.gz", 1);
  g_autoptr (IBBFilesMetadata) metadata = ibb_files_metadata_new (many, 0);
  g_autofree char             *safe = ibb_files_metadata_dup_safe_name (metadata);

  g_assert_cmpuint (strlen (safe), ==, 255);
  g_assert_true (g_str_has_suffix (safe, "0.gz"));
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (IBBFilesMetadata) row = ibb_files_metadata_new (rows[i].name, 0);
      g_autofree char             *name = ibb_files_metadata_dup_safe_name (row);

      g_assert_cmpstr (name, ==, rows[i].safe);
    }
}

/* What a user reads of the reason of a peer. */
static void
test_reasons (void)
{
  const struct
  {
    const char *reason;
    gboolean    is_sender;
    gboolean    is_offered;
    int         code; /* of IBB_ERROR */
    const char *words;
  } rows[] = {
    { "decline", TRUE, TRUE, IBB_ERROR_FORBIDDEN, "refused" },
    { "cancel", TRUE, TRUE, IBB_ERROR_FORBIDDEN, "refused" },
    { "cancel", TRUE, FALSE, IBB_ERROR_GONE, "cancelled" },
    { "cancel", FALSE, FALSE, IBB_ERROR_GONE, "cancelled" },
    { "media-error", TRUE, FALSE, IBB_ERROR_NOT_ACCEPTABLE, "not those of the file" },
    { "busy", TRUE, TRUE, IBB_ERROR_FAILED, "busy" },
    { "gone", FALSE, FALSE, IBB_ERROR_FAILED, "lost" },
    { "connectivity-error", TRUE, FALSE, IBB_ERROR_FAILED, "lost" },
    { "success", FALSE, FALSE, IBB_ERROR_FAILED, "before the file was complete" },
    { "failed-application", TRUE, FALSE, IBB_ERROR_FAILED, "could not receive" },
    { "failed-application", FALSE, FALSE, IBB_ERROR_FAILED, "could not send" },
    { "unsupported-transports", TRUE, TRUE, IBB_ERROR_FAILED, "does not take" },
    { "alternative-session", TRUE, TRUE, IBB_ERROR_FAILED, "(alternative-session)" },
  };
  g_autoptr (GError) late = NULL;
  g_autofree char   *many = g_strnfill (4096, 'x');
  g_autoptr (GError) bounded = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GError) error = ibb_reason_to_error (
          rows[i].reason, i % 2 == 0 ? NULL : " a\tb\u202e“c”\n", "r@m/o",
          rows[i].is_sender ? IBB_FILES_DIRECTION_SEND : IBB_FILES_DIRECTION_RECEIVE,
          rows[i].is_offered);

      g_test_message ("%s", error->message);
      g_assert_error (error, IBB_ERROR, rows[i].code);
      g_assert_nonnull (strstr (error->message, rows[i].words));
      g_assert_true ((strstr (error->message, "; it says “a b \"c\"”") != NULL) == (i % 2));
    }
  late = ibb_reason_to_error ("expired", NULL, "r@m/o", IBB_FILES_DIRECTION_SEND, TRUE);
  g_assert_error (late, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  bounded = ibb_reason_to_error ("busy", many, "r@m/o", IBB_FILES_DIRECTION_SEND, TRUE);
  g_assert_cmpuint (strlen (bounded->message), <, 400);
}

/* What the peer is told of an error here. */
static void
test_own_reasons (void)
{
  const struct
  {
    GQuark            domain;
    int               code;
    IBBFilesDirection direction;
    gboolean          is_offered;
    const char       *reason;
    const char       *text;
  } rows[] = {
    { G_IO_ERROR, G_IO_ERROR_CANCELLED, IBB_FILES_DIRECTION_SEND, FALSE, "cancel", NULL },
    { G_IO_ERROR, G_IO_ERROR_TIMED_OUT, IBB_FILES_DIRECTION_SEND, TRUE, "timeout", NULL },
    { IBB_ERROR, IBB_ERROR_NOT_ACCEPTABLE, IBB_FILES_DIRECTION_RECEIVE, FALSE, "media-error",
      NULL },
    { G_IO_ERROR, G_IO_ERROR_NO_SPACE, IBB_FILES_DIRECTION_RECEIVE, FALSE, "failed-application",
      "The disk is full" },
    { G_IO_ERROR, G_IO_ERROR_EXISTS, IBB_FILES_DIRECTION_RECEIVE, TRUE, "decline",
      "There is a file of this name already" },
    { G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED, IBB_FILES_DIRECTION_SEND, TRUE,
      "connectivity-error", NULL },
    { IBB_ERROR, IBB_ERROR_SERVICE_UNAVAILABLE, IBB_FILES_DIRECTION_RECEIVE, TRUE, "gone", NULL },
    { G_IO_ERROR, G_IO_ERROR_WRONG_ETAG, IBB_FILES_DIRECTION_SEND, FALSE, "failed-application",
      "The file changed while it was being sent" },
    { G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED, IBB_FILES_DIRECTION_RECEIVE, TRUE, "decline",
      "The file cannot be written" },
    { G_IO_ERROR, G_IO_ERROR_READ_ONLY, IBB_FILES_DIRECTION_RECEIVE, TRUE, "decline",
      "The file cannot be written" },
    { G_IO_ERROR, G_IO_ERROR_NOT_FOUND, IBB_FILES_DIRECTION_SEND, FALSE, "failed-application",
      "The file cannot be read" },
    { G_IO_ERROR, G_IO_ERROR_FAILED, IBB_FILES_DIRECTION_RECEIVE, FALSE, "failed-application",
      "The file cannot be written" },
    /* What GIO makes of ENOMEM and EBUSY, of a file that is read by GIO. */
    { G_IO_ERROR, G_IO_ERROR_NO_SPACE, IBB_FILES_DIRECTION_SEND, FALSE, "failed-application",
      "The file cannot be read" },
    { G_IO_ERROR, G_IO_ERROR_BUSY, IBB_FILES_DIRECTION_SEND, FALSE, "failed-application",
      "The file cannot be read" },
    { G_IO_ERROR, G_IO_ERROR_NOT_DIRECTORY, IBB_FILES_DIRECTION_SEND, FALSE, "failed-application",
      "The file cannot be read" },
    { G_IO_ERROR, G_IO_ERROR_TOO_MANY_OPEN_FILES, IBB_FILES_DIRECTION_RECEIVE, TRUE, "decline",
      "Too many files are open" },
    { G_IO_ERROR, G_IO_ERROR_BUSY, IBB_FILES_DIRECTION_RECEIVE, FALSE, "failed-application",
      "The file is being received already" },
    { G_IO_ERROR, G_IO_ERROR_NOT_DIRECTORY, IBB_FILES_DIRECTION_RECEIVE, TRUE, "decline",
      "A file or a link is in the way of a folder" },
    { G_IO_ERROR, G_IO_ERROR_IS_DIRECTORY, IBB_FILES_DIRECTION_RECEIVE, FALSE, "failed-application",
      "A folder is in the way of the file" },
    { IBB_ERROR, IBB_ERROR_CONFLICT, IBB_FILES_DIRECTION_RECEIVE, FALSE, "failed-application",
      "The same was offered again" },
    { IBB_ERROR, IBB_ERROR_FAILED, IBB_FILES_DIRECTION_SEND, FALSE, "failed-application", NULL },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GError) error = g_error_new_literal (rows[i].domain, rows[i].code, "/home/juliet");
      const char        *text;
      IBBReason          reason =
          ibb_reason_from_error (error, rows[i].direction, rows[i].is_offered, &text);

      g_assert_cmpstr (ibb_reason_get_word (reason), ==, rows[i].reason);
      g_assert_cmpstr (text, ==, rows[i].text);
    }
}

/* “abc”, as FIPS 180-2 and FIPS 202 have it; and RFC 1321. */
static void
test_hashes (void)
{
  const struct
  {
    const char *algorithm;
    const char *hex;
  } rows[] = {
    { "sha-256", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
    { "sha-512", "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
                 "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f" },
    { "sha-1", "a9993e364706816aba3e25717850c26c9cd0d89d" },
    { "md5", "900150983cd24fb0d6963f7d28e17f72" },
    { "sha3-256", "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532" },
    { "sha3-512", "b751850b1a57168a5693cd924b6b096e08f621827444f70d884f5d0240d2712e"
                  "10e116e9192af3c91a7ec57647e3934057340b4cf408d5a56592f8274eec53f0" },
  };

  g_assert_null (ibb_hasher_new ("crc32"));
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (IBBHasher) hasher = ibb_hasher_new (rows[i].algorithm);
      g_autofree char      *base64 = NULL;
      g_autofree guint8    *digest = NULL;
      g_autoptr (GString)   hex = g_string_new (NULL);
      gsize                 length;

      if (hasher == NULL)
        {
          g_assert_true (g_str_has_prefix (rows[i].algorithm, "sha3-"));
          continue;
        }
      ibb_hasher_update (hasher, "a", 1);
      ibb_hasher_update (hasher, "bc", 2);
      g_assert_cmpstr (ibb_hasher_get_algorithm (hasher), ==, rows[i].algorithm);
      base64 = ibb_hasher_finish (hasher);
      digest = g_base64_decode (base64, &length);
      for (gsize j = 0; j < length; j++)
        g_string_append_printf (hex, "%02x", digest[j]);
      g_assert_cmpstr (hex->str, ==, rows[i].hex);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/files/jingle/offers", test_offers);
  g_test_add_func ("/files/jingle/not-offers", test_not_offers);
  g_test_add_func ("/files/jingle/sender", test_sender);
  g_test_add_func ("/files/jingle/creator", test_creator);
  g_test_add_func ("/files/jingle/misaccepted", test_misaccepted);
  g_test_add_func ("/files/jingle/block-size", test_block_size);
  g_test_add_func ("/files/jingle/receiver", test_receiver);
  g_test_add_func ("/files/jingle/dialects", test_dialects);
  g_test_add_func ("/files/initiation/offers", test_initiation);
  g_test_add_func ("/files/initiation/own", test_initiation_own);
  g_test_add_func ("/files/initiation/hash", test_initiation_hash);
  g_test_add_func ("/files/metadata/hash", test_hash);
  g_test_add_func ("/files/metadata/notify", test_notify);
  g_test_add_func ("/files/metadata/safe-names", test_safe_names);
  g_test_add_func ("/files/reason/of-peer", test_reasons);
  g_test_add_func ("/files/reason/own", test_own_reasons);
  g_test_add_func ("/files/hasher/hashes", test_hashes);
  return g_test_run ();
}
