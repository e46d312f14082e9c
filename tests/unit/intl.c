/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The messages of a program that does not set the locale, or sets one without UTF-8. This one never
 * calls setlocale (LC_ALL, ""). */

#include "config.h"

#include "base/ibb-error-private.h"
#include "base/intl.h"

#include <glib/gstdio.h>
#include <libintl.h>
#include <locale.h>
#include <string.h>

#define PEER "jülia@example.org/Straße"
#define LANGUAGE "xx"
#define MO_MAGIC 0x950412de

/* The original and its translation, sorted by the original; the first one is the header. */
static const char *const messages[][2] = {
  { "", "Content-Type: text/plain; charset=UTF-8\n" },
  { "The session with “%s” was aborted on this side", "Die Sitzung mit „%s“ läuft hier nicht" },
};

static void
append_number (GByteArray *file, gsize number)
{
  guint32 value = (guint32) number;

  g_byte_array_append (file, (const guint8 *) &value, sizeof value);
}

/* A file as msgfmt makes it, without its table of hashes. */
static GByteArray *
make_catalogue (void)
{
  GByteArray *file = g_byte_array_new ();
  gsize       n = G_N_ELEMENTS (messages);
  gsize       offset = (7 + 4 * n) * sizeof (guint32);
  const gsize header[] = { MO_MAGIC, 0, n, 28, 28 + 8 * n, 0, offset };

  for (gsize i = 0; i < G_N_ELEMENTS (header); i++)
    append_number (file, header[i]);
  for (gsize column = 0; column < 2; column++)
    for (gsize i = 0; i < n; i++)
      {
        append_number (file, strlen (messages[i][column]));
        append_number (file, offset);
        offset += strlen (messages[i][column]) + 1;
      }
  for (gsize column = 0; column < 2; column++)
    for (gsize i = 0; i < n; i++)
      g_byte_array_append (file, (const guint8 *) messages[i][column],
                           (guint) strlen (messages[i][column]) + 1);
  return file;
}

static char *
dup_message (void)
{
  IBBFailure         failure = IBB_FAILURE_INIT;
  g_autoptr (GError) error = NULL;

  ibb_failure_set (&failure, IBB_FAILURE_ABORTED);
  error = ibb_error_new_from_failure (&failure, PEER, NULL);
  return g_strdup (error->message);
}

static void
test_no_locale (void)
{
  g_autofree char *message = dup_message ();

  g_assert_cmpstr (message, ==, "The session with “" PEER "” was aborted on this side");
}

/* The locale has a language, but its characters are ASCII. */
static void
test_other_charset (void)
{
  /* C.UTF-8 is everywhere, but since glibc 2.41 nothing is translated in it. */
  const char *const      locales[] = { "en_US.UTF-8", "de_DE.UTF-8", "C.UTF-8" };
  g_autofree char       *folder = g_dir_make_tmp ("ibb-intl-XXXXXX", NULL);
  g_autofree char       *language = g_build_filename (folder, LANGUAGE, NULL);
  g_autofree char       *category = g_build_filename (language, "LC_MESSAGES", NULL);
  g_autofree char       *path = g_build_filename (category, GETTEXT_PACKAGE ".mo", NULL);
  g_autoptr (GByteArray) file = make_catalogue ();
  g_autofree char       *message = NULL;

  g_assert_cmpint (g_mkdir_with_parents (category, 0700), ==, 0);
  g_assert_true (g_file_set_contents (path, (const char *) file->data, (gssize) file->len, NULL));
  g_setenv ("LANGUAGE", LANGUAGE, TRUE);
  for (gsize i = 0; i < G_N_ELEMENTS (locales) && setlocale (LC_MESSAGES, locales[i]) == NULL; i++)
    continue;
  g_assert_cmpstr (setlocale (LC_CTYPE, NULL), ==, "C");
  ibb_intl_gettext ("The first message binds the domain to its installed folder");
  bindtextdomain (GETTEXT_PACKAGE, folder);

  if (dgettext (GETTEXT_PACKAGE, messages[1][0]) == messages[1][0])
    g_test_skip ("No locale is installed in which this C library translates");
  else
    {
      message = dup_message ();
      g_assert_cmpstr (message, ==, "Die Sitzung mit „" PEER "“ läuft hier nicht");
    }

  g_unlink (path);
  g_rmdir (category);
  g_rmdir (language);
  g_rmdir (folder);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/ibb/intl/no-locale", test_no_locale);
  g_test_add_func ("/ibb/intl/other-charset", test_other_charset);

  return g_test_run ();
}
