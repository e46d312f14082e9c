/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Runs one cell and prints what came of it, as JSON:
 *
 *   flow-cell [--series] [--rate 1M] [--delay 25] …
 *
 * --help tells the parameters. */

#include "config.h"

#include "report.h"

int
main (int argc, char **argv)
{
  Cell                cell;
  gboolean            with_series = FALSE;
  int                 n;
  g_autoptr (GString) json = g_string_new (NULL);

  cell_init (&cell);
  for (int i = 1; i < argc; i += n)
    {
      n = 1;
      if (g_str_equal (argv[i], "--help"))
        {
          g_print ("usage: %s [--series] [parameters]\n", argv[0]);
          cell_print_help ();
          return 0;
        }
      if (g_str_equal (argv[i], "--series"))
        with_series = TRUE;
      else
        n = cell_set_argument (&cell, argv + i, argc - i);
      if (n == 0)
        {
          g_printerr ("%s: “%s” is not a parameter, or has no such value. --help lists them.\n",
                      argv[0], argv[i]);
          return 2;
        }
    }
  if (cell.peers == 0 || cell_get_n_sessions (&cell) == 0)
    {
      g_printerr ("%s: there is no session\n", argv[0]);
      return 2;
    }
  report_run (&cell, json, with_series);
  g_print ("%s\n", json->str);
  return 0;
}
