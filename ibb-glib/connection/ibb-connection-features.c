/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The features and the identity that an application gives to a connection. */

#include "config.h"

#include <string.h>

#include "connection/ibb-connection-private.h"
#include "stanza/answer.h"
#include "stanza/capabilities.h"

#define DEFAULT_IDENTITY "client/pc/ibb-glib"

/* Data that is attached to a connection with such. */
typedef struct
{
  GPtrArray *features; /* (owned) (element-type utf8): one element for each addition */
  char      *identity; /* (owned) (nullable): "category/type/name" */
} Own;

static GMutex lock; /* protects the Own of every connection */

static void
own_free (gpointer data)
{
  Own *own = data;

  g_ptr_array_unref (own->features);
  g_free (own->identity);
  g_free (own);
}

static Own *
get_own_locked (IBBConnection *self)
{
  GQuark quark = g_quark_from_static_string ("ibb-connection-own");
  Own   *own = g_object_get_qdata (G_OBJECT (self), quark);

  if (own == NULL)
    {
      own = g_new0 (Own, 1);
      own->features = g_ptr_array_new_with_free_func (g_free);
      g_object_set_qdata_full (G_OBJECT (self), quark, own, own_free);
    }
  return own;
}

static char **
dup_own_features (IBBConnection *self)
{
  g_autoptr (GStrvBuilder) features = g_strv_builder_new ();
  const GPtrArray         *own;

  g_mutex_lock (&lock);
  own = get_own_locked (self)->features;
  for (guint i = 0; i < own->len; i++)
    g_strv_builder_add (features, g_ptr_array_index (own, i));
  g_mutex_unlock (&lock);
  return g_strv_builder_end (features);
}

/**
 * ibb_connection_dup_features:
 * @self: a connection
 *
 * Collects the disco#info features of the connection's services, and those that were added by
 * [method@IBB.Connection.add_feature], for a program that answers disco#info (XEP-0030) on it.
 *
 * Returns: (transfer full) (array zero-terminated=1): the features, each once
 *
 * Since: 1.0
 */
char **
ibb_connection_dup_features (IBBConnection *self)
{
  g_autoptr (GPtrArray) listeners = NULL;
  g_autoptr (GPtrArray) features = NULL;
  g_auto (GStrv)        own = NULL;

  g_return_val_if_fail (IBB_IS_CONNECTION (self), NULL);

  features = g_ptr_array_new_with_free_func (g_free);
  listeners = ibb_connection_dup_listeners (self);
  for (guint i = 0; listeners != NULL && i < listeners->len; i++)
    {
      IBBConnectionListener *listener = g_ptr_array_index (listeners, i);
      g_auto (GStrv)         more = listener->class->dup_features (listener);

      ibb_capabilities_collect (features, (const char *const *) more);
    }
  own = dup_own_features (self);
  ibb_capabilities_collect (features, (const char *const *) own);
  g_ptr_array_add (features, NULL);
  return (char **) g_ptr_array_free (g_steal_pointer (&features), FALSE);
}

/**
 * ibb_connection_add_feature:
 * @self: a connection
 * @feature: a feature of the application, such as `urn:xmpp:jingle:1`
 *
 * Announces a feature: in answers to disco#info (XEP-0030), and in the capabilities of the presence
 * (XEP-0115), which a client that is online sends again.
 *
 * A feature that was added twice has to be removed twice, so that the parts of a program need not
 * know of each other. It can be called from any thread.
 *
 * Since: 1.0
 */
void
ibb_connection_add_feature (IBBConnection *self, const char *feature)
{
  g_return_if_fail (IBB_IS_CONNECTION (self));
  g_return_if_fail (feature != NULL && *feature != '\0');

  g_mutex_lock (&lock);
  g_ptr_array_add (get_own_locked (self)->features, g_strdup (feature));
  g_mutex_unlock (&lock);
  g_signal_emit_by_name (self, "capabilities-changed");
}

/**
 * ibb_connection_remove_feature:
 * @self: a connection
 * @feature: what was added
 *
 * Withdraws what [method@IBB.Connection.add_feature] has announced. It can be called from any
 * thread.
 *
 * Since: 1.0
 */
void
ibb_connection_remove_feature (IBBConnection *self, const char *feature)
{
  GPtrArray *features;
  guint      i;
  gboolean   is_there;

  g_return_if_fail (IBB_IS_CONNECTION (self));
  g_return_if_fail (feature != NULL);

  g_mutex_lock (&lock);
  features = get_own_locked (self)->features;
  is_there = g_ptr_array_find_with_equal_func (features, feature, g_str_equal, &i);
  if (is_there)
    g_ptr_array_remove_index (features, i);
  g_mutex_unlock (&lock);
  if (is_there)
    g_signal_emit_by_name (self, "capabilities-changed");
}

static char *
dup_identity (IBBConnection *self)
{
  char *identity;

  g_mutex_lock (&lock);
  identity = g_strdup (get_own_locked (self)->identity);
  g_mutex_unlock (&lock);
  return identity != NULL ? identity : g_strdup (DEFAULT_IDENTITY);
}

/**
 * ibb_connection_set_identity:
 * @self: a connection
 * @category: a category of the registry of XEP-0030, such as `client`
 * @type: a type of that category, such as `pc`
 * @name: the name of the program, for users of other programs
 *
 * Says in answers to disco#info (XEP-0030), and in the capabilities of the presence (XEP-0115),
 * what the program is. The default names ibb-glib: a client of type `pc`; a
 * [`IBBXmpp.Component`](../ibb-xmpp-1.0/class.Component.html) is a component of type `generic`. It
 * can be called from any thread.
 *
 * Since: 1.0
 */
void
ibb_connection_set_identity (IBBConnection *self,
                             const char    *category,
                             const char    *type,
                             const char    *name)
{
  Own *own;

  g_return_if_fail (IBB_IS_CONNECTION (self));
  g_return_if_fail (category != NULL && *category != '\0' && strchr (category, '/') == NULL);
  g_return_if_fail (type != NULL && *type != '\0' && strchr (type, '/') == NULL);
  g_return_if_fail (name != NULL);

  g_mutex_lock (&lock);
  own = get_own_locked (self);
  g_free (own->identity);
  own->identity = g_strconcat (category, "/", type, "/", name, NULL);
  g_mutex_unlock (&lock);
  g_signal_emit_by_name (self, "capabilities-changed");
}

/**
 * ibb_connection_create_answer:
 * @self: a connection
 * @request: an IQ that no service took
 *
 * Answers requests that concern the program as a whole: disco#info (XEP-0030), a ping (XEP-0199),
 * and the question for its version (XEP-0092). The answer to disco#info has the features and the
 * identity that the connection announces, also for the node of its capabilities (XEP-0115). It is
 * for an implementation whose XMPP stack does not answer them. It can be called from any thread.
 *
 * Returns: (transfer full) (nullable): what to send; NULL if it is no such request
 *
 * Since: 1.0
 */
IBBStanza *
ibb_connection_create_answer (IBBConnection *self, IBBStanza *request)
{
  g_autofree char *identity = NULL;
  g_auto (GStrv)   features = NULL;
  g_auto (GStrv)   added = NULL;

  g_return_val_if_fail (IBB_IS_CONNECTION (self), NULL);
  g_return_val_if_fail (request != NULL, NULL);

  if (request->payload == IBB_PAYLOAD_DISCO_QUERY)
    {
      identity = dup_identity (self);
      features = ibb_connection_dup_features (self);
      added = dup_own_features (self);
    }
  return ibb_answer_new (request, identity, (const char *const *) features,
                         (const char *const *) added);
}

/**
 * ibb_connection_dup_capabilities:
 * @self: a connection
 *
 * Computes the hash of the features and the identity that the connection announces, for the
 * attribute `ver` of the presence (XEP-0115 §5.1), whose `node` is `urn:ibb-glib` and whose `hash`
 * is `sha-1`. It can be called from any thread.
 *
 * Returns: (transfer full): the hash
 *
 * Since: 1.0
 */
char *
ibb_connection_dup_capabilities (IBBConnection *self)
{
  g_autofree char *identity = NULL;
  g_auto (GStrv)   added = NULL;

  g_return_val_if_fail (IBB_IS_CONNECTION (self), NULL);

  identity = dup_identity (self);
  added = dup_own_features (self);
  return ibb_capabilities_dup_ver (identity, (const char *const *) added);
}
