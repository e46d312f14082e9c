/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "ibb-loopback.h"

#include "core/base/jid.h"
#include "loopback/loopback-connection.h"

/**
 * IBBLoopback:
 *
 * Routes stanzas within the process as an XMPP server does, for demonstrations
 * and for tests of applications.
 *
 * Each [method@IBB.Loopback.attach] makes a connection with a JID of its own.
 * Services on two of these connections can open sessions to each other. A request
 * to any other JID is answered `service-unavailable`, as a server would;
 * disco#info and ping are answered, as a client would.
 *
 * ```c
 * static IBBTransport *
 * open_within_process (GError **error)
 * {
 *   g_autoptr (IBBLoopback) loopback = ibb_loopback_new ();
 *   g_autoptr (IBBConnection) romeo = ibb_loopback_attach (loopback, "romeo@example.net/a");
 *   g_autoptr (IBBConnection) juliet = ibb_loopback_attach (loopback, "juliet@example.org/b");
 *   g_autoptr (IBBService) opener = ibb_service_new (romeo);
 *   g_autoptr (IBBService) acceptor = ibb_service_new (juliet);
 *
 *   ibb_service_accept_async (acceptor, NULL, NULL, NULL);
 *   return ibb_service_open_session (opener, "juliet@example.org/b", NULL, NULL, error);
 * }
 * ```
 *
 * ## Threads
 *
 * A loopback has a thread of its own, on which its connections work, so
 * synchronous calls work in every thread of the application. Any thread may
 * call any method. Signals of a connection are emitted in the thread-default
 * context in which it was attached. The loopback lives until it and all its
 * connections have been dropped.
 *
 * Since: 1.0
 */

struct _IBBLoopback
{
  GObject parent_instance;

  IBBHub *hub; /* (owned): immutable after construction */
};

G_DEFINE_FINAL_TYPE (IBBLoopback, ibb_loopback, G_TYPE_OBJECT)

static void
ibb_loopback_finalize (GObject *object)
{
  IBBLoopback *self = IBB_LOOPBACK (object);

  ibb_hub_unref (self->hub);
  G_OBJECT_CLASS (ibb_loopback_parent_class)->finalize (object);
}

static void
ibb_loopback_class_init (IBBLoopbackClass *class)
{
  G_OBJECT_CLASS (class)->finalize = ibb_loopback_finalize;
}

static void
ibb_loopback_init (IBBLoopback *self)
{
  self->hub = ibb_hub_new ();
}

/**
 * ibb_loopback_new:
 *
 * Makes a loopback without connections.
 *
 * Returns: (transfer full): a loopback
 *
 * Since: 1.0
 */
IBBLoopback *
ibb_loopback_new (void)
{
  return g_object_new (IBB_TYPE_LOOPBACK, NULL);
}

/**
 * ibb_loopback_attach:
 * @self: a loopback
 * @jid: a JID; without a resource it is given a fresh one, see
 *   [property@IBB.Connection:local-jid]
 *
 * Makes a connection with the JID @jid. Stanzas reach it for as long as it
 * exists.
 *
 * A connection that has this JID already is lost, as on a server. An invalid JID
 * is a programmer error.
 *
 * Returns: (transfer full): a connection
 *
 * Since: 1.0
 */
IBBConnection *
ibb_loopback_attach (IBBLoopback *self, const char *jid)
{
  g_autofree char *normal = NULL;

  g_return_val_if_fail (IBB_IS_LOOPBACK (self), NULL);
  g_return_val_if_fail (jid != NULL, NULL);

  normal = ibb_jid_normalize (jid);
  if (normal != NULL)
    return ibb_loopback_connection_new (self->hub, jid);
  g_critical ("“%s” is not a valid JID", jid);
  return NULL;
}

void
ibb_loopback_set_faults (IBBLoopback *self, const IBBHubFaults *faults)
{
  ibb_hub_set_faults (self->hub, faults);
}
