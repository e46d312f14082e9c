/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/ibb-xmpp-token-private.h"

#include "xmpp/base/secret.h"

struct _IBBXmppToken
{
  char      *secret;
  char      *mechanism;
  GDateTime *expiry; /* (owned) (nullable) */
};

G_DEFINE_BOXED_TYPE (IBBXmppToken, ibb_xmpp_token, ibb_xmpp_token_ref, ibb_xmpp_token_unref)

/**
 * ibb_xmpp_token_new:
 * @secret: the secret, which must not be empty
 * @mechanism: the SASL mechanism that it is for, such as `HT-SHA-256-EXPR`
 * @expiry: (nullable): when it expires, or %NULL: that is not known
 *
 * Creates a token from what the application has kept.
 *
 * Returns: (transfer full): the token
 *
 * Since: 1.0
 */
IBBXmppToken *
ibb_xmpp_token_new (const char *secret, const char *mechanism, GDateTime *expiry)
{
  IBBXmppToken *self;

  g_return_val_if_fail (secret != NULL && *secret != '\0', NULL);
  g_return_val_if_fail (mechanism != NULL, NULL);

  self = g_atomic_rc_box_new0 (IBBXmppToken);
  self->secret = g_strdup (secret);
  self->mechanism = g_strdup (mechanism);
  self->expiry = expiry != NULL ? g_date_time_ref (expiry) : NULL;

  return self;
}

static void
token_clear (gpointer data)
{
  IBBXmppToken *self = data;

  ibb_secret_free (self->secret);
  g_free (self->mechanism);
  g_clear_pointer (&self->expiry, g_date_time_unref);
}

/**
 * ibb_xmpp_token_ref:
 * @self: a token
 *
 * Adds a reference.
 *
 * Returns: (transfer full): @self
 *
 * Since: 1.0
 */
IBBXmppToken *
ibb_xmpp_token_ref (IBBXmppToken *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return g_atomic_rc_box_acquire (self);
}

/**
 * ibb_xmpp_token_unref:
 * @self: (transfer full): a token
 *
 * Drops a reference. With the last one the secret is overwritten in memory.
 *
 * Since: 1.0
 */
void
ibb_xmpp_token_unref (IBBXmppToken *self)
{
  g_return_if_fail (self != NULL);

  g_atomic_rc_box_release_full (self, token_clear);
}

/**
 * ibb_xmpp_token_get_secret:
 * @self: a token
 *
 * Gets the secret. Keep it where passwords are kept; [Security](security.html#tokens) says why.
 *
 * Returns: the secret
 *
 * Since: 1.0
 */
const char *
ibb_xmpp_token_get_secret (IBBXmppToken *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->secret;
}

/**
 * ibb_xmpp_token_get_mechanism:
 * @self: a token
 *
 * Gets the SASL mechanism that the token is for; a server accepts it with no other one.
 *
 * Returns: the mechanism
 *
 * Since: 1.0
 */
const char *
ibb_xmpp_token_get_mechanism (IBBXmppToken *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->mechanism;
}

/**
 * ibb_xmpp_token_get_expiry:
 * @self: a token
 *
 * Gets when the token expires, as the server has said. An expired one is not used.
 *
 * Returns: (transfer none) (nullable): the time, or %NULL: that is not known
 *
 * Since: 1.0
 */
GDateTime *
ibb_xmpp_token_get_expiry (IBBXmppToken *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->expiry;
}

gboolean
ibb_xmpp_token_is_same (IBBXmppToken *self, IBBXmppToken *other)
{
  if (self == NULL || other == NULL)
    return self == other;

  return g_str_equal (self->secret, other->secret) &&
         g_str_equal (self->mechanism, other->mechanism);
}

static gboolean
is_same_time (GDateTime *time, GDateTime *other)
{
  if (time == NULL || other == NULL)
    return time == other;

  return g_date_time_equal (time, other);
}

gboolean
ibb_xmpp_token_equal (IBBXmppToken *self, IBBXmppToken *other)
{
  if (self == NULL || other == NULL)
    return self == other;

  return ibb_xmpp_token_is_same (self, other) && is_same_time (self->expiry, other->expiry);
}
