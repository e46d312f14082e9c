/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/secret.h"

#include <string.h>

void
ibb_secret_free (char *text)
{
  if (text == NULL)
    return;

  /* A compiler may drop memset () before free (). */
  explicit_bzero (text, strlen (text));
  g_free (text);
}
