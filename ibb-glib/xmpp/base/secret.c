/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/base/secret.h"

#include <string.h>

#define STACK_SIZE 4096 /* more than each function that handles a secret has */

void
ibb_secret_free (char *text)
{
  if (text == NULL)
    return;

  /* A compiler may drop memset () before free (). */
  explicit_bzero (text, strlen (text));
  g_free (text);
}

G_NO_INLINE void
ibb_secret_clear_stack (void)
{
  char stack[STACK_SIZE];

  explicit_bzero (stack, sizeof stack);
}
