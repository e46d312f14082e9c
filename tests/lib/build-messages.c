/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Loaded before the C library into a program under test, it has the program find the translations
 * of the build, in the folder IBB_TEST_MESSAGES, in place of those that are installed.
 */

#include "config.h"

#include <dlfcn.h>
#include <libintl.h>
#include <stdlib.h>
#include <string.h>

#undef bindtextdomain

char *
bindtextdomain (const char *domain, const char *folder)
{
  char *(*original) (const char *, const char *) =
      (char *(*) (const char *, const char *) ) dlsym (RTLD_NEXT, "bindtextdomain");

  return original (domain,
                   strcmp (domain, GETTEXT_PACKAGE) == 0 ? getenv ("IBB_TEST_MESSAGES") : folder);
}
