/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "base/foreign-text.h"
#include "base/ibb-error-private.h"
#include "ibb-enum-types.h"

#include <locale.h>
#include <string.h>

#define PEER "juliet@capulet.lit/balcony"
#define SID "i781hf64"

/* A message is one sentence that names the peer and the sid. */
static void
assert_sentence (const GError *error)
{
  g_test_message ("%s", error->message);
  g_assert_true (g_utf8_validate (error->message, -1, NULL));
  g_assert_nonnull (strstr (error->message, "“" PEER "”"));
  g_assert_nonnull (strstr (error->message, "“" SID "”"));
  g_assert_null (strchr (error->message, '\n'));
  g_assert_false (g_str_has_suffix (error->message, "."));
  g_assert_true (g_ascii_isupper (error->message[0]));
}

/* The codes that protocol.md promises: after an abort (D-41), a lost connection (D-42), a wrong
 * block (D-18), too many retries (D-26), the end by the peer (D-38, D-45), its silence (D-27), a
 * close without an answer (D-37); for too many messages (D-23), a sid in use (D-09), and long
 * addresses (D-16). */
static void
test_kinds (void)
{
  static const struct
  {
    IBBFailureKind kind;
    gboolean       is_ibb;
    int            code;
    int            stream_code;
  } cases[] = {
    { IBB_FAILURE_CLOSED, FALSE, G_IO_ERROR_CLOSED, G_IO_ERROR_CLOSED },
    { IBB_FAILURE_ABORTED, FALSE, G_IO_ERROR_CLOSED, G_IO_ERROR_CLOSED },
    { IBB_FAILURE_STOPPED, FALSE, G_IO_ERROR_CANCELLED, G_IO_ERROR_CANCELLED },
    { IBB_FAILURE_CONNECTION_LOST, FALSE, G_IO_ERROR_CONNECTION_CLOSED, G_IO_ERROR_BROKEN_PIPE },
    { IBB_FAILURE_PROTOCOL, TRUE, IBB_ERROR_PROTOCOL, G_IO_ERROR_INVALID_DATA },
    { IBB_FAILURE_OPEN_TIMEOUT, FALSE, G_IO_ERROR_TIMED_OUT, G_IO_ERROR_TIMED_OUT },
    { IBB_FAILURE_WITHDRAWN, FALSE, G_IO_ERROR_CLOSED, G_IO_ERROR_CLOSED },
    { IBB_FAILURE_ACCEPT_TIMEOUT, FALSE, G_IO_ERROR_TIMED_OUT, G_IO_ERROR_TIMED_OUT },
    { IBB_FAILURE_RETRIES, FALSE, G_IO_ERROR_TIMED_OUT, G_IO_ERROR_TIMED_OUT },
    { IBB_FAILURE_PEER_CLOSED, FALSE, G_IO_ERROR_BROKEN_PIPE, G_IO_ERROR_BROKEN_PIPE },
    { IBB_FAILURE_PEER_ABORTED, FALSE, G_IO_ERROR_CONNECTION_CLOSED, G_IO_ERROR_BROKEN_PIPE },
    { IBB_FAILURE_PEER_GONE, FALSE, G_IO_ERROR_CONNECTION_CLOSED, G_IO_ERROR_BROKEN_PIPE },
    { IBB_FAILURE_CLOSE_UNCONFIRMED, FALSE, G_IO_ERROR_CONNECTION_CLOSED, G_IO_ERROR_BROKEN_PIPE },
    { IBB_FAILURE_OVERFLOW, TRUE, IBB_ERROR_RESOURCE_CONSTRAINT, G_IO_ERROR_FAILED },
    { IBB_FAILURE_IN_USE, FALSE, G_IO_ERROR_PENDING, G_IO_ERROR_PENDING },
    { IBB_FAILURE_NO_ROOM, FALSE, G_IO_ERROR_MESSAGE_TOO_LARGE, G_IO_ERROR_FAILED },
    { IBB_FAILURE_SEND_FAILED, TRUE, IBB_ERROR_FAILED, G_IO_ERROR_FAILED },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      IBBFailure         failure = IBB_FAILURE_INIT;
      g_autoptr (GError) error = NULL;
      g_autoptr (GError) stream_error = NULL;

      ibb_failure_set (&failure, cases[i].kind);
      error = ibb_error_new_from_failure (&failure, PEER, SID);
      stream_error = ibb_error_new_for_stream (&failure, PEER, SID);
      assert_sentence (error);
      g_assert_true (
          g_error_matches (error, cases[i].is_ibb ? IBB_ERROR : G_IO_ERROR, cases[i].code));
      g_assert_error (stream_error, G_IO_ERROR, cases[i].stream_code);
      g_assert_cmpstr (stream_error->message, ==, error->message);
    }
}

/* D-49: why a peer gave up. The streams tell of the end, as after any abort. */
static void
test_abort_reason (void)
{
  static const struct
  {
    IBBCondition condition;
    const char  *words;
  } cases[] = {
    { IBB_CONDITION_RESOURCE_CONSTRAINT, "no room" },
    { IBB_CONDITION_RECIPIENT_UNAVAILABLE, "was stopped" },
    { IBB_CONDITION_INTERNAL_SERVER_ERROR, "error of its own" },
    { IBB_CONDITION_NOT_ACCEPTABLE, "does not want" },
    { IBB_CONDITION_CONFLICT, "“conflict”" },
  };

  for (gsize i = 0; i < 2 * G_N_ELEMENTS (cases); i++)
    {
      IBBCondition       condition = cases[i / 2].condition;
      IBBFailure         failure = IBB_FAILURE_INIT;
      g_autoptr (GError) error = NULL;
      g_autoptr (GError) stream_error = NULL;

      ibb_failure_set_condition (&failure, IBB_FAILURE_PEER_ABORTED, condition,
                                 i % 2 == 0 ? NULL : "Good night");
      error = ibb_error_new_from_failure (&failure, PEER, SID);
      stream_error = ibb_error_new_for_stream (&failure, PEER, SID);
      assert_sentence (error);
      g_assert_error (error, IBB_ERROR, (int) IBB_ERROR_BAD_REQUEST + (int) condition);
      g_assert_error (stream_error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED);
      g_assert_cmpstr (stream_error->message, ==, error->message);
      g_assert_nonnull (strstr (error->message, cases[i / 2].words));
      g_assert_cmpint (strstr (error->message, "“Good night”") != NULL, ==, i % 2);
      ibb_failure_clear (&failure);
    }
}

/* Each condition of RFC 6120 §8.3.3 has a code of IBB_ERROR, for a refused open and for a refused
 * block. */
static void
test_conditions (void)
{
  static const IBBFailureKind kinds[] = { IBB_FAILURE_REFUSED, IBB_FAILURE_CONDITION };

  for (guint i = 0; i < IBB_N_CONDITIONS * G_N_ELEMENTS (kinds); i++)
    {
      IBBCondition       condition = i / G_N_ELEMENTS (kinds);
      IBBFailure         failure = IBB_FAILURE_INIT;
      g_autoptr (GError) error = NULL;
      g_autoptr (GError) stream_error = NULL;
      g_autoptr (GError) usual = NULL;
      g_autofree char   *quoted = g_strdup_printf ("“%s”", ibb_condition_to_string (condition));
      int                expected = G_IO_ERROR_FAILED;

      if (condition == IBB_CONDITION_ITEM_NOT_FOUND ||
          condition == IBB_CONDITION_SERVICE_UNAVAILABLE ||
          condition == IBB_CONDITION_RECIPIENT_UNAVAILABLE || condition == IBB_CONDITION_GONE ||
          condition == IBB_CONDITION_REMOTE_SERVER_NOT_FOUND)
        expected = G_IO_ERROR_BROKEN_PIPE;

      ibb_failure_set_condition (&failure, kinds[i % G_N_ELEMENTS (kinds)], condition, "no way");
      error = ibb_error_new_from_failure (&failure, PEER, SID);
      stream_error = ibb_error_new_for_stream (&failure, PEER, SID);
      assert_sentence (error);
      g_assert_cmpint (ibb_error_to_condition (ibb_error_get_condition (error), IBB_N_CONDITIONS),
                       ==, condition);
      g_assert_nonnull (strstr (error->message, quoted));
      g_assert_nonnull (strstr (error->message, "“no way”"));
      g_assert_error (stream_error, G_IO_ERROR, expected);

      /* Two lines of a terminal, with the name of the command before them. */
      ibb_failure_clear (&failure);
      ibb_failure_set_condition (&failure, kinds[i % G_N_ELEMENTS (kinds)], condition, NULL);
      usual = ibb_error_new_from_failure (&failure, "juliet@example.org/ibb",
                                          "87eb2c9d24645b1fa19c1bee0cf94946");
      g_test_message ("%s", usual->message);
      g_assert_cmpint (g_utf8_strlen (usual->message, -1), <=, 2 * 80 - strlen ("ibb: "));
    }
}

static void
test_codes (void)
{
  const int              others[] = { -1, IBB_ERROR_FAILED, IBB_ERROR_AUTHENTICATION,
                                      IBB_ERROR_UNEXPECTED_REQUEST + 1 };
  g_autoptr (GError)     error = g_error_new (G_IO_ERROR, IBB_ERROR_NOT_ACCEPTABLE, "x");
  g_autoptr (GEnumClass) codes = g_type_class_ref (IBB_TYPE_ERROR);
  g_autoptr (GEnumClass) conditions = g_type_class_ref (IBB_TYPE_STANZA_CONDITION);

  g_assert_cmpstr (g_quark_to_string (IBB_ERROR), ==, "ibb-error-quark");
  for (int i = 0; i < (int) IBB_N_CONDITIONS; i++)
    {
      const char *name = ibb_condition_to_string (i);

      g_assert_cmpstr (g_enum_get_value (codes, (int) IBB_ERROR_BAD_REQUEST + i)->value_nick, ==,
                       name);
      g_assert_cmpstr (g_enum_get_value (conditions, i + 1)->value_nick, ==, name);
    }
  g_assert_cmpint (ibb_error_get_condition (NULL), ==, IBB_STANZA_CONDITION_NONE);
  g_assert_cmpint (ibb_error_get_condition (error), ==, IBB_STANZA_CONDITION_NONE);
  error->domain = IBB_ERROR;
  g_assert_cmpint (ibb_error_get_condition (error), ==, IBB_STANZA_CONDITION_NOT_ACCEPTABLE);
  for (guint i = 0; i < G_N_ELEMENTS (others); i++)
    {
      error->code = others[i];
      g_assert_cmpint (ibb_error_get_condition (error), ==, IBB_STANZA_CONDITION_NONE);
    }
  g_assert_cmpint (ibb_error_to_condition (IBB_STANZA_CONDITION_NONE, IBB_CONDITION_GONE), ==,
                   IBB_CONDITION_GONE);
}

static char *
refuse (IBBCondition condition, const char *peer)
{
  IBBFailure         failure = IBB_FAILURE_INIT;
  g_autoptr (GError) error = NULL;

  ibb_failure_set_condition (&failure, IBB_FAILURE_REFUSED, condition, NULL);
  error = ibb_error_new_from_failure (&failure, peer, NULL);

  return g_strdup (error->message);
}

/* N-08, D-03: what it usually means, and the resource where one is missing. */
static void
test_advice (void)
{
  g_autofree char *account = refuse (IBB_CONDITION_SERVICE_UNAVAILABLE, "juliet@capulet.lit");
  g_autofree char *full = refuse (IBB_CONDITION_SERVICE_UNAVAILABLE, PEER);
  g_autofree char *component = refuse (IBB_CONDITION_SERVICE_UNAVAILABLE, "bot.capulet.lit");
  g_autofree char *feature = refuse (IBB_CONDITION_FEATURE_NOT_IMPLEMENTED, PEER);
  g_autofree char *policy = refuse (IBB_CONDITION_NOT_ACCEPTABLE, "juliet@capulet.lit");

  g_assert_nonnull (strstr (account, "full JID with resource"));
  g_assert_nonnull (strstr (account, "“juliet@capulet.lit/resource”"));
  g_assert_null (strstr (full, "full JID with resource"));
  g_assert_nonnull (strstr (full, "that it is online"));
  g_assert_null (strstr (component, "full JID with resource"));
  g_assert_nonnull (strstr (feature, "its client does not support it"));
  g_assert_null (strstr (policy, "full JID with resource"));
}

/* D-18, D-19, D-26: what we answered, or were answered at last, is in the sentence. The words of an
 * answer stand behind it. */
static void
test_text (void)
{
#define ANSWER "; the answer says “No\" way” (sid “" SID "”)"
  static const struct
  {
    IBBFailureKind kind;
    IBBCondition   condition;
    const char    *text; /* (nullable): of the answer */
    const char    *part; /* with a text: the end */
  } cases[] = {
    { IBB_FAILURE_PROTOCOL, IBB_CONDITION_UNEXPECTED_REQUEST, NULL, "out of sequence" },
    { IBB_FAILURE_PROTOCOL, IBB_CONDITION_BAD_REQUEST, NULL, "malformed or larger than agreed" },
    { IBB_FAILURE_RETRIES, IBB_CONDITION_RESOURCE_CONSTRAINT, NULL, "“resource-constraint”" },
    { IBB_FAILURE_REFUSED, IBB_CONDITION_NOT_ACCEPTABLE, "No”\nway", ANSWER },
    { IBB_FAILURE_CONDITION, IBB_CONDITION_NOT_ACCEPTABLE, "No”\nway", ANSWER },
    { IBB_FAILURE_RETRIES, IBB_CONDITION_NOT_ACCEPTABLE, "No”\nway", ANSWER },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      IBBFailure         failure = IBB_FAILURE_INIT;
      g_autoptr (GError) error = NULL;

      ibb_failure_set_condition (&failure, cases[i].kind, cases[i].condition, cases[i].text);
      error = ibb_error_new_from_failure (&failure, PEER, SID);
      assert_sentence (error);
      if (cases[i].text != NULL)
        g_assert_true (g_str_has_suffix (error->message, cases[i].part));
      g_assert_nonnull (strstr (error->message, cases[i].part));
      ibb_failure_clear (&failure);
    }
}

/* What somebody else wrote can neither end the quotation nor pass for the rest of the sentence. */
static void
test_quotation (void)
{
  static const struct
  {
    const char *text;
    const char *quotation;
  } cases[] = {
    { NULL, NULL },
    { "", "“”" },
    { "Zu spät", "“Zu spät”" },
    { "a\nb\tc\x1B[31m", "“a b c [31m”" },
    { "a” (sid “b", "“a\" (sid \"b”" },
    { "a\u202Eb\u2066c\u2028d", "“a b c d”" },
    { "a\xFF", "“a\uFFFD”" },
    { "\u0645\u06CC\u200C\u062E", "“\u0645\u06CC\u200C\u062E”" }, /* a joiner of Persian letters */
  };
  g_autofree char *text = g_strnfill (1000, 'a');
  g_autofree char *long_quotation = ibb_foreign_text_dup_quotation (text);

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *quotation = ibb_foreign_text_dup_quotation (cases[i].text);

      g_assert_cmpstr (quotation, ==, cases[i].quotation);
    }
  g_assert_cmpuint (strlen (long_quotation), ==, IBB_ERROR_TEXT_MAX_LENGTH + strlen ("“”"));
}

static void
test_nothing (void)
{
  IBBFailure         none = IBB_FAILURE_INIT;
  IBBFailure         lost = IBB_FAILURE_INIT;
  g_autoptr (GError) anonymous = NULL;

  g_assert_null (ibb_error_new_from_failure (&none, PEER, SID));
  g_assert_null (ibb_error_new_for_stream (&none, PEER, SID));

  ibb_failure_set (&lost, IBB_FAILURE_CONNECTION_LOST);
  anonymous = ibb_error_new_from_failure (&lost, NULL, NULL);
  g_assert_error (anonymous, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED);
}

/* Streams report these codes of G_IO_ERROR and no others. */
static void
test_to_stream_error (void)
{
  static const int kept[] = { G_IO_ERROR_INVALID_DATA, G_IO_ERROR_CLOSED,    G_IO_ERROR_BROKEN_PIPE,
                              G_IO_ERROR_TIMED_OUT,    G_IO_ERROR_CANCELLED, G_IO_ERROR_PENDING,
                              G_IO_ERROR_WOULD_BLOCK };

  for (int code = 0; code <= G_IO_ERROR_NO_SUCH_DEVICE; code++)
    {
      g_autoptr (GError) error = g_error_new_literal (G_IO_ERROR, code, "why");
      g_autoptr (GError) stream_error = ibb_error_to_stream_error (error);
      gboolean           is_kept = FALSE;

      for (gsize i = 0; i < G_N_ELEMENTS (kept); i++)
        is_kept = is_kept || kept[i] == code;

      g_assert_true (
          g_error_matches (stream_error, G_IO_ERROR, is_kept ? code : G_IO_ERROR_FAILED));
      g_assert_cmpstr (stream_error->message, ==, "why");
    }

  {
    g_autoptr (GError) error = g_error_new_literal (G_FILE_ERROR, G_FILE_ERROR_IO, "why");
    g_autoptr (GError) stream_error = ibb_error_to_stream_error (error);

    g_assert_error (stream_error, G_IO_ERROR, G_IO_ERROR_FAILED);
  }
}

int
main (int argc, char *argv[])
{
  /* The messages are looked at, in English. */
  g_setenv ("LC_ALL", "C.UTF-8", TRUE);
  g_unsetenv ("LANGUAGE");
  setlocale (LC_ALL, "");
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/ibb/error/kinds/D-18,D-26,D-45", test_kinds);
  g_test_add_func ("/ibb/error/abort-reason/D-49", test_abort_reason);
  g_test_add_func ("/ibb/error/conditions/D-25", test_conditions);
  g_test_add_func ("/ibb/error/codes", test_codes);
  g_test_add_func ("/ibb/error/advice/N-08,D-03", test_advice);
  g_test_add_func ("/ibb/error/text/D-18,D-19,D-26", test_text);
  g_test_add_func ("/ibb/error/quotation", test_quotation);
  g_test_add_func ("/ibb/error/nothing", test_nothing);
  g_test_add_func ("/ibb/error/to-stream-error", test_to_stream_error);

  return g_test_run ();
}
