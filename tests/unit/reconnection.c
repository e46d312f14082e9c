/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Which errors end the attempts to log in again. tests/server/reconnect.script makes
 * such attempts. */

#include "config.h"

#include "xmpp/reconnection.h"

#include <gio/gio.h>

#include "ibb-error.h"

static gboolean
is_in_vain (GQuark domain, int code)
{
  g_autoptr (GError) error = g_error_new_literal (domain, code, "x");

  return ibb_reconnection_is_in_vain (error);
}

static void
test_in_vain (void)
{
  static const int conditions[] = {
    IBB_ERROR_AUTHENTICATION, IBB_ERROR_CONFLICT,         IBB_ERROR_FORBIDDEN,
    IBB_ERROR_ITEM_NOT_FOUND, IBB_ERROR_JID_MALFORMED,    IBB_ERROR_NOT_ALLOWED,
    IBB_ERROR_NOT_AUTHORIZED, IBB_ERROR_POLICY_VIOLATION,
  };
  guint n = 0;

  for (int code = 0; code <= IBB_ERROR_UNEXPECTED_REQUEST; code++)
    n += is_in_vain (IBB_ERROR, code);
  for (guint i = 0; i < G_N_ELEMENTS (conditions); i++)
    g_assert_true (is_in_vain (IBB_ERROR, conditions[i]));
  g_assert_cmpuint (n, ==, G_N_ELEMENTS (conditions));

  g_assert_true (is_in_vain (G_TLS_ERROR, G_TLS_ERROR_UNAVAILABLE));
  /* A connection that breaks in the middle looks like these. */
  g_assert_false (is_in_vain (G_TLS_ERROR, G_TLS_ERROR_HANDSHAKE));
  g_assert_false (is_in_vain (G_TLS_ERROR, G_TLS_ERROR_EOF));
  g_assert_false (is_in_vain (G_TLS_ERROR, G_TLS_ERROR_CERTIFICATE_REQUIRED));
  g_assert_false (is_in_vain (G_TLS_ERROR, G_TLS_ERROR_MISC));

  /* The certificate may be that of a captive portal. */
  g_assert_false (is_in_vain (G_TLS_ERROR, G_TLS_ERROR_BAD_CERTIFICATE));

  /* The network, and the server while it starts. */
  for (int code = 0; code <= G_IO_ERROR_NO_SUCH_DEVICE; code++)
    g_assert_false (is_in_vain (G_IO_ERROR, code));
  g_assert_false (is_in_vain (G_RESOLVER_ERROR, G_RESOLVER_ERROR_NOT_FOUND));
  g_assert_false (is_in_vain (G_RESOLVER_ERROR, G_RESOLVER_ERROR_TEMPORARY_FAILURE));
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/ibb/reconnection/in-vain", test_in_vain);

  return g_test_run ();
}
