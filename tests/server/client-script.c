/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Clients and components beside a server that says what a script tells it to: for what no real
 * server would say.
 *
 *   # The server falls silent.
 *   case login/silence
 *     log-in
 *     > <stream:stream
 *     < %HEADER
 *     fails io timed-out
 *
 * A line holds a statement, or several with "; " between them; one that ends with "\" goes on in
 * the next. "> ..." waits until the client has sent that text, "< ..." sends text to it; other
 * words are in the tables of client-words.c, script-server.c and client-surroundings.c. %NAME
 * stands for the text of a macro whose name is in capitals. Tables and other macros read as in
 * tests/unit/script.c, with a bar between arguments. Each case ends with a logout. */

#include "config.h"

#include <string.h>

#include "../lib/fake-monitor.h"
#include "../lib/fast-timers.h"
#include "../lib/script-file.h"
#include "client-fixture.h"
#include "client-words.h"

static ScriptFile  file;
static GHashTable *definitions; /* (element-type utf8 utf8) */

/* Puts definitions in the place of their names. */
static char *
expand (const char *text)
{
  GString *result = g_string_new (NULL);

  while (*text != '\0')
    if (text[0] == '%' && g_ascii_isupper (text[1]))
      {
        gsize            length = strspn (text + 1, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-");
        g_autofree char *name = g_strndup (text + 1, length);
        const char      *value = g_hash_table_lookup (definitions, name);
        g_autofree char *inner = NULL;

        if (value == NULL)
          g_error ("no definition of %s", name);
        inner = expand (value);
        g_string_append (result, inner);
        text += 1 + length;
      }
    else
      g_string_append_c (result, *text++);
  return g_string_free (result, FALSE);
}

static void run_body (ClientRun *run, const char *body);

static void
run_statement (ClientRun *run, const char *line)
{
  const char       *text = line;
  g_autofree char  *name = script_take_word (&text);
  g_autofree char  *expanded = NULL;
  const ScriptPart *macro = g_hash_table_lookup (file.macros, name);

  if (macro != NULL)
    {
      g_auto (GStrv)   arguments = g_strsplit (text, " | ", 4);
      g_auto (GStrv)   all = g_new0 (char *, 5);
      g_autofree char *body = NULL;

      for (guint i = 0, n = g_strv_length (arguments); i < 4; i++)
        all[i] = g_strdup (i < n ? arguments[i] : "");
      body = script_part_dup_body (macro, all);
      run_body (run, body);
      return;
    }
  expanded = expand (text);
  if (!client_run_call (run, name, expanded, line))
    g_error ("%s: no word %s", line, name);
}

static void
run_body (ClientRun *run, const char *body)
{
  g_autoptr (GString) joined = g_string_new (body);
  g_auto (GStrv)      lines = NULL;

  g_string_replace (joined, "\\\n", "", 0);
  g_string_replace (joined, "; ", "\n", 0);
  lines = g_strsplit (joined->str, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++)
    if (*g_strstrip (lines[i]) != '\0')
      run_statement (run, lines[i]);
}

static void
run_case (gconstpointer data)
{
  ClientRun       *run = client_run_new (definitions);
  g_autofree char *body = script_case_dup_body (data);

  run_body (run, body);
  client_run_free (run);
}

/* The texts of the macros whose names are in capitals. */
static void
read_definitions (void)
{
  GHashTableIter iter;
  gpointer       name, part;

  definitions = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_hash_table_insert (definitions, g_strdup ("VERSION"), g_strdup (PACKAGE_VERSION));
  g_hash_table_iter_init (&iter, file.macros);
  while (g_hash_table_iter_next (&iter, &name, &part))
    if (g_ascii_isupper (*(const char *) name))
      {
        g_autoptr (GString) text = g_string_new (((ScriptPart *) part)->body->str);

        g_string_replace (text, "\n", "", 0);
        g_hash_table_insert (definitions, g_strdup (name), g_strdup (text->str));
      }
}

int
main (int argc, char **argv)
{
  int status;

  fake_monitor_install ();
  g_test_init (&argc, &argv, NULL);
  if (argc != 3)
    g_error ("usage: %s MACROS.script FILE.script", argv[0]);
  start_watchdog ();
  fast_timers_stop ();
  script_file_init (&file);
  script_file_read (&file, argv[1]);
  script_file_read (&file, argv[2]);
  read_definitions ();
  script_file_add_tests (&file, "ibb/client", argv[2], run_case);
  status = g_test_run ();
  g_hash_table_unref (definitions);
  script_file_clear (&file);
  return status;
}
