/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The certificates that tests/lib/certificates.py makes for a test. */

#pragma once

#include <gio/gio.h>

static inline char *
get_certificate_path (const char *name)
{
  return g_build_filename (g_getenv ("IBB_TEST_CERTIFICATES"), name, NULL);
}

static inline GTlsCertificate *
load_certificate (const char *name)
{
  g_autofree char   *path = get_certificate_path (name);
  g_autoptr (GError) error = NULL;
  GTlsCertificate   *certificate = g_tls_certificate_new_from_file (path, &error);

  g_assert_no_error (error);
  return certificate;
}
