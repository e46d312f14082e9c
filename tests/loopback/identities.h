/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Identities whose files lie in a folder of the test. */

#pragma once

#include <ibb-glib/ibb-glib.h>
#include <ibb-glib/xmpp/ibb-xmpp.h>
#include <stdlib.h>

#include "../lib/calls.h"

static char *identities_folder;

static inline char *
make_path (const char *name)
{
  return g_build_filename (identities_folder, name, NULL);
}

/* With the key and the list of that name, which are made at the first time. */
static inline IBBXmppIdentity *
create_identity (const char *name)
{
  g_autofree char                     *path = make_path (name);
  g_autofree char                     *list = g_strconcat (path, ".known", NULL);
  g_autoptr (IBBXmppKnownCertificates) known = ibb_xmpp_known_certificates_new (list);
  IBBXmppIdentity *identity = assert_succeeds (ibb_xmpp_identity_load_or_create, path);

  ibb_xmpp_identity_set_known_certificates (identity, known);
  return identity;
}

/* In place of g_test_run (). */
static inline int
run_with_identities (void)
{
  g_autofree char *command = NULL;
  int              status;

  identities_folder = assert_succeeds (g_dir_make_tmp, "ibb-identities-XXXXXX");
  status = g_test_run ();
  command = g_strdup_printf ("rm -r '%s'", identities_folder);
  g_assert_cmpint (system (command), ==, 0);
  g_free (identities_folder);
  return status;
}
