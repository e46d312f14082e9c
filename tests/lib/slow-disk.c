/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Loaded into a program under test, it makes the disk slow: each call below takes 20 ms longer. A
 * rename that must not replace a file is a syscall () of the library, and stays as fast as the
 * disk. */

#define _GNU_SOURCE /* RTLD_NEXT, syncfs () */

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static void
wait_for_disk (void)
{
  struct timespec left = { 0, 20000000 };
  int             error = errno;

  while (nanosleep (&left, &left) != 0)
    ;
  errno = error;
}

#define SLOW(name, parameters, arguments)                                                          \
  int name parameters                                                                              \
  {                                                                                                \
    int (*original) parameters = (int (*) parameters) dlsym (RTLD_NEXT, #name);                    \
    int result = original arguments;                                                               \
                                                                                                   \
    wait_for_disk ();                                                                              \
    return result;                                                                                 \
  }

SLOW (fsync, (int fd), (fd))
SLOW (fdatasync, (int fd), (fd))
SLOW (syncfs, (int fd), (fd))
SLOW (rename, (const char *from, const char *to), (from, to))
SLOW (renameat, (int here, const char *from, int there, const char *to), (here, from, there, to))
SLOW (link, (const char *from, const char *to), (from, to))
SLOW (linkat,
      (int here, const char *from, int there, const char *to, int flags),
      (here, from, there, to, flags))
