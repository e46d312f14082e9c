/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Folders that Romeo sends to Juliet. */

#pragma once

#include "ends.h"

/* A command in the folder of the test. */
void run (Files *self, const char *format);
/* The folder “sent”, with n files. */
void make_small (Files *self, guint n);
void make_large (Files *self, const char *name, gsize size);
/* Offers “sent”, which Juliet accepts as “received”. */
void begin_folder (Files *self);
/* The same, until it is delivered. */
void complete (Files *self);
/* Both ends name the number of the files that have failed, and one of them. */
void fail_with (Files *self, const char *words);
/* The error of a transfer that has failed has these words. */
void assert_says (IBBFilesTransfer *transfer, const char *words);
/* “sent” cannot be offered, and the error has the words. */
void assert_no_offer (Files *self, int code, const char *words);

#define add_test_of(path, data, set_up, function)                                                  \
  g_test_add ("/ibb/files/folder/" path, Files, data, set_up, function, tear_down)

/* In place of test_init (). Returns FALSE if the user cannot be changed, as --as-nobody demands. */
gboolean begin_as_user (int *argc, char ***argv);
