/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/reach/targets.h"

typedef struct
{
  GString *ports;
  guint    n_ended;
} Found;

static void
next_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  Found                     *found = user_data;
  GSocketAddressEnumerator  *enumerator = G_SOCKET_ADDRESS_ENUMERATOR (object);
  g_autoptr (GError)         error = NULL;
  g_autoptr (GSocketAddress) address = NULL;

  address = g_socket_address_enumerator_next_finish (enumerator, result, &error);
  g_assert_no_error (error);
  if (address == NULL)
    found->n_ended++;
  else
    g_string_append_printf (found->ports, "%u ",
                            g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (address)));
}

/* GSocketClient asks for one more address after 250 ms, and again where an attempt fails meanwhile.
 */
static void
test_overlap (void)
{
  g_autoptr (GProxyResolver)           proxies = g_simple_proxy_resolver_new ("direct://", NULL);
  GList                               *hosts = NULL;
  g_autoptr (GSocketConnectable)       targets = NULL;
  g_autoptr (GSocketAddressEnumerator) enumerator = NULL;
  Found                                found = { g_string_new (NULL), 0 };

  for (guint i = 1; i <= 3; i++)
    hosts = g_list_prepend (hosts, g_srv_target_new ("127.0.0.1", i, 10 - i, 0));
  targets = ibb_targets_new (hosts, NULL, "xmpp-client", proxies);
  enumerator = g_socket_connectable_enumerate (targets);
  for (guint i = 0; i < 6; i++)
    g_socket_address_enumerator_next_async (enumerator, NULL, next_cb, &found);
  while (found.n_ended < 3)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpstr (found.ports->str, ==, "3 2 1 ");
  g_string_free (found.ports, TRUE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/addresses/overlap", test_overlap);
  return g_test_run ();
}
