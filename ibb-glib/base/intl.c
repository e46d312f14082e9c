/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "base/intl.h"

#include <libintl.h>

/* A library has no main () in which to bind its text domain, and any thread may make the
 * first message. */
static void
bind_text_domain (void)
{
  static gsize bound;

  if (g_once_init_enter (&bound))
    {
      /* As the programs of gettext: "meson devenv" has the catalogues of the build. */
      const char *folder = g_getenv ("TEXTDOMAINDIR");

      bindtextdomain (GETTEXT_PACKAGE, folder != NULL ? folder : LOCALE_DIR);
      bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
      g_once_init_leave (&bound, 1);
    }
}

const char *
ibb_intl_gettext (const char *message)
{
  bind_text_domain ();
  return g_dgettext (GETTEXT_PACKAGE, message);
}
