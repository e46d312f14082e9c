/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "tool/session/descriptors.h"

#include <sys/resource.h>

/* What is left to other things: new logins, the resolver, the encryption, and threads of GIO. */
#define SPARE 24
#define USUAL 64 /* how many count as open where the system does not tell */

/* What this process was given; all 0: not raised. */
static struct rlimit given;

void
tool_descriptors_raise (void)
{
  struct rlimit limit;

  if (getrlimit (RLIMIT_NOFILE, &limit) != 0)
    return;
  given = limit;
  limit.rlim_cur = limit.rlim_max;
  setrlimit (RLIMIT_NOFILE, &limit);
}

void
tool_descriptors_restore (void)
{
  if (given.rlim_max != 0)
    setrlimit (RLIMIT_NOFILE, &given);
}

guint64
tool_descriptors_get_limit (void)
{
  struct rlimit limit;

  return getrlimit (RLIMIT_NOFILE, &limit) == 0 ? (guint64) limit.rlim_cur : G_MAXUINT64;
}

static guint
count_open (void)
{
  g_autoptr (GDir) dir = g_dir_open ("/proc/self/fd", 0, NULL);
  guint            n = 0;

  if (dir == NULL)
    return USUAL;
  while (g_dir_read_name (dir) != NULL)
    n++;
  return n;
}

guint
tool_descriptors_count_sessions (guint each)
{
  guint64 limit = tool_descriptors_get_limit ();
  guint   taken = count_open () + SPARE;

  return limit >= taken + each ? (guint) MIN ((limit - taken) / each, G_MAXUINT) : 1;
}
