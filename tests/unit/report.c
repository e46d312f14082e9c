/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "tool/words/output.h"
#include "tool/words/report.h"

#define AGO (G_GINT64_CONSTANT (10000) * G_USEC_PER_SEC)
#define ERROR "\"domain\":\"g-io-error-quark\",\"code\":\"no-space\",\"message\":\"It is full\""

/* The time since then, and the rate: each has room for the minutes that a busy machine may take,
 * and for less than a microsecond, of which no fraction is printed. */
#define TIME "2:4?:?? h"
#define SECONDS "10???*"
#define RATE "1.0 KiB/s"

static GError *
new_error (void)
{
  return g_error_new_literal (G_IO_ERROR, G_IO_ERROR_NO_SPACE, "It is full");
}

static void
report_errors (void)
{
  g_autoptr (GError) error = new_error ();
  g_autoptr (GError) protocol = g_error_new_literal (IBB_ERROR, IBB_ERROR_ITEM_NOT_FOUND, "Nobody");
  g_autoptr (GError) foreign = g_error_new_literal (G_FILE_ERROR, G_FILE_ERROR_IO, "Broken");
  g_autoptr (GError) unknown = g_error_new_literal (G_IO_ERROR, 1000, "Odd");

  tool_report_error (error);
  tool_report_error (protocol);
  tool_report_error (foreign);
  tool_report_error (unknown);
  tool_report_session_error (error, "a@b", "one");
  tool_report_session_lost (error, "c@d", "two");
  tool_report_file_error (error, "a@b", "letter");
  tool_report_one_file_error (error, "a@b", "picture");
  tool_report_retry (error, "a@b", "letter");
  tool_report_disconnected ("a@b/c", error);
}

static void
report_states (void)
{
  tool_report_ready ("a@b/c");
  tool_report_ready_at ("a@b/c", "127.0.0.1:80", 80);
  tool_report_ready_at ("a@b/c", "unix:path", 0);
  tool_report_suspended ("a@b/d");
  tool_report_resumed ("a@b/e");
  tool_report_reconnected ("a@b/f");
  tool_report_wait ("a step");
}

/* A service refuses all sessions while nobody listens. */
static void
session_accepted_cb (IBBService *service, IBBTransport *transport, gpointer data)
{
}

/* A session that went on may have ended before the program looks. */
static void
report_waits (void)
{
  g_autoptr (IBBLoopback)   loopback = ibb_loopback_new ();
  g_autoptr (IBBConnection) connection = ibb_loopback_attach (loopback, "a@b/c");
  g_autoptr (IBBConnection) other = ibb_loopback_attach (loopback, "a@b/d");
  g_autoptr (IBBService)    service = ibb_service_new (connection);
  g_autoptr (IBBService)    acceptor = ibb_service_new (other);
  g_autoptr (IBBTransport)  closed = NULL;
  g_autoptr (IBBTransport)  aborted = NULL;
  g_autoptr (GError)        error = NULL;

  ibb_service_set_session_limit (acceptor, 2);
  g_signal_connect (acceptor, "session-accepted", G_CALLBACK (session_accepted_cb), NULL);
  closed = ibb_service_open_session (service, "a@b/d", NULL, NULL, &error);
  g_assert_no_error (error);
  g_io_stream_close (G_IO_STREAM (closed), NULL, &error);
  g_assert_no_error (error);
  tool_report_interrupted (closed);

  aborted = ibb_service_open_session (service, "a@b/d", NULL, NULL, &error);
  g_assert_no_error (error);
  ibb_transport_abort (aborted);
  tool_report_interrupted (aborted);
}

static void
report_slowness (void)
{
  const ToolSlowness slowness = { "a@b", 1024, 7384, "b", "Prosody", "Wait." };
  const ToolSlowness unknown = { "a@b", 1024, 7384, "b", NULL, "Wait." };
  const ToolSlowness nowhere = { "a@b", 1024, 7384, NULL, NULL, "Wait." };

  tool_report_throttled ("c@d", 2048);
  tool_report_slow (&slowness);
  tool_report_slow (&unknown);
  tool_report_slow (&nowhere);
}

static void
report_ends (void)
{
  gint64         start = g_get_monotonic_time () - AGO;
  const ToolDone ends[] = {
    { "Sent", 10650000, start, NULL, NULL, NULL, 0, FALSE },
    { "Gone", 0, start, "void", "a@b", NULL, 0, FALSE },
    { "Kept", 2048, start, "all", "a@b", NULL, 2048, TRUE },
    { "Rest", 10652048, start, "part", "a@b", "/in/part", 2048, TRUE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (ends); i++)
    tool_report_done (&ends[i]);
}

static void
report (void)
{
  report_errors ();
  report_states ();
  report_waits ();
  report_slowness ();
  report_ends ();
}

static const char *const lines[] = {
  "ibb: It is full",
  "ibb: Nobody",
  "ibb: Broken",
  "ibb: Odd",
  "ibb: It is full",
  "ibb: It is full",
  "ibb: \"picture\": It is full",
  "\"letter\": It is full; offering it again",
  "It is full; logging in again",
  "ready a@b/c",
  "ready 127.0.0.1:80",
  "ready unix:path",
  "The connection broke; trying to resume it",
  "The connection was resumed",
  "Logged in again as a@b/f",
  "Not done yet: a step",
  "The session with \"a@b/d\" goes on",
  "Only about 2.0 KiB/s pass to \"c@d\": a server on the way limits the rate, or the other end "
  "reads slowly (see \"ibb doctor\")",
  "At 1.0 KiB/s, what is left for \"a@b\" takes 2:03:04 h: it waits at b (Prosody). Wait.",
  "At 1.0 KiB/s, what is left for \"a@b\" takes 2:03:04 h: it waits at b. Wait.",
  "At 1.0 KiB/s, what is left for \"a@b\" takes 2:03:04 h. Wait.",
  "Sent: 10.2 MiB, " TIME ", " RATE,
  "Gone: 0 bytes, " TIME ", 0 bytes/s",
  "Kept: 2.0 KiB, which were there already",
  "Rest: the last 10.2 MiB of 10.2 MiB, " TIME ", " RATE,
};

static const char *const events[] = {
  "{\"event\":\"error\"," ERROR "}",
  "{\"event\":\"error\",\"domain\":\"ibb-error-quark\",\"code\":\"item-not-found\","
  "\"message\":\"Nobody\"}",
  "{\"event\":\"error\",\"domain\":\"g-file-error-quark\",\"code\":\"failed\","
  "\"message\":\"Broken\"}",
  "{\"event\":\"error\",\"domain\":\"g-io-error-quark\",\"code\":\"failed\",\"message\":\"Odd\"}",
  "{\"event\":\"error\",\"peer\":\"a@b\",\"sid\":\"one\"," ERROR "}",
  "{\"event\":\"error\",\"peer\":\"c@d\",\"sid\":\"two\"," ERROR "}",
  "{\"event\":\"error\",\"peer\":\"a@b\",\"name\":\"letter\"," ERROR "}",
  "{\"event\":\"error\",\"peer\":\"a@b\",\"name\":\"picture\",\"domain\":\"g-io-error-quark\","
  "\"code\":\"no-space\",\"message\":\"“picture”: It is full\"}",
  "{\"event\":\"retrying\",\"peer\":\"a@b\",\"name\":\"letter\"," ERROR "}",
  "{\"event\":\"disconnected\",\"jid\":\"a@b/c\"," ERROR "}",
  "{\"event\":\"ready\",\"jid\":\"a@b/c\"}",
  "{\"event\":\"ready\",\"jid\":\"a@b/c\",\"listen\":\"127.0.0.1:80\",\"port\":80}",
  "{\"event\":\"ready\",\"jid\":\"a@b/c\",\"listen\":\"unix:path\"}",
  "{\"event\":\"suspended\",\"jid\":\"a@b/d\"}",
  "{\"event\":\"resumed\",\"jid\":\"a@b/e\"}",
  "{\"event\":\"reconnected\",\"jid\":\"a@b/f\"}",
  "{\"event\":\"waiting\",\"for\":\"step\",\"step\":\"a step\"}",
  "{\"event\":\"continued\",\"peer\":\"a@b/d\",\"sid\":\"*\"}",
  "{\"event\":\"throttled\",\"peer\":\"c@d\",\"rate\":2048}",
  "{\"event\":\"slow\",\"peer\":\"a@b\",\"rate\":1024,\"seconds\":7384,\"server\":\"b\","
  "\"software\":\"Prosody\",\"advice\":\"Wait.\"}",
  "{\"event\":\"slow\",\"peer\":\"a@b\",\"rate\":1024,\"seconds\":7384,\"server\":\"b\","
  "\"advice\":\"Wait.\"}",
  "{\"event\":\"slow\",\"peer\":\"a@b\",\"rate\":1024,\"seconds\":7384,\"advice\":\"Wait.\"}",
  "{\"event\":\"done\",\"bytes\":10650000,\"seconds\":" SECONDS "}",
  "{\"event\":\"done\",\"peer\":\"a@b\",\"name\":\"void\",\"state\":\"sent\",\"resumed\":0,"
  "\"bytes\":0,\"seconds\":" SECONDS "}",
  "{\"event\":\"done\",\"peer\":\"a@b\",\"name\":\"all\",\"state\":\"delivered\",\"resumed\":2048,"
  "\"bytes\":2048,\"seconds\":" SECONDS "}",
  "{\"event\":\"done\",\"peer\":\"a@b\",\"name\":\"part\",\"file\":\"/in/part\","
  "\"state\":\"delivered\",\"resumed\":2048,\"bytes\":10652048,\"seconds\":" SECONDS "}",
};

/* The lines that --json and --quiet leave to standard error. */
static const char *const few_lines = "ibb: It is full\nibb: Nobody\nibb: Broken\nibb: Odd\n"
                                     "ibb: It is full\nibb: It is full\n"
                                     "ibb: \"picture\": It is full\n"
                                     "ready a@b/c\nready 127.0.0.1:80\nready unix:path\n";

/* In their order, and none beside them. */
static char *
join (const char *const *all, gsize n)
{
  GString *joined = g_string_new (NULL);

  for (gsize i = 0; i < n; i++)
    g_string_append_printf (joined, "%s\n", all[i]);
  return g_string_free (joined, FALSE);
}

static void
test_lines (void)
{
  g_autofree char *all = join (lines, G_N_ELEMENTS (lines));

  if (g_test_subprocess ())
    {
      report ();
      return;
    }
  g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
  g_test_trap_assert_passed ();
  g_test_trap_assert_stderr (all);
  g_test_trap_assert_stdout_unmatched ("*{*");
}

static void
test_events (void)
{
  g_autofree char *all = join (events, G_N_ELEMENTS (events));
  g_autofree char *pattern = g_strconcat ("*", all, "*", NULL);

  if (g_test_subprocess ())
    {
      tool_output_init (FALSE, TRUE);
      report ();
      return;
    }
  g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
  g_test_trap_assert_passed ();
  g_test_trap_assert_stdout (pattern);
  g_test_trap_assert_stderr (few_lines);
}

static void
test_quiet (void)
{
  if (g_test_subprocess ())
    {
      tool_output_init (TRUE, FALSE);
      report ();
      return;
    }
  g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
  g_test_trap_assert_passed ();
  g_test_trap_assert_stderr (few_lines);
}

/* What the receiver keeps of a file is no other error. */
static void
test_remedy (void)
{
  g_autoptr (GError) error = new_error ();
  g_autoptr (GError) explained = tool_report_add_remedy (error);

  g_assert_error (explained, G_IO_ERROR, G_IO_ERROR_NO_SPACE);
  g_assert_cmpstr (explained->message, ==, "It is full; sent again, it goes on from there");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/tool/report/lines", test_lines);
  g_test_add_func ("/tool/report/events", test_events);
  g_test_add_func ("/tool/report/quiet", test_quiet);
  g_test_add_func ("/tool/report/remedy", test_remedy);
  return g_test_run ();
}
