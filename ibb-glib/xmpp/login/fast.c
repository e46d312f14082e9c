/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/login/fast.h"

#include <string.h>

#include "base/intl.h"
#include "ibb-error.h"
#include "xmpp/base/hmac.h"
#include "xmpp/base/secret.h"
#include "xmpp/login/channel-binding.h"
#include "xmpp/stream/stream-namespaces.h"

#define DIGEST_SIZE 32 /* of SHA-256 */
/* Bytes of the secret of a token. */
#define MAX_SECRET 1024

/* From the best. */
static const struct
{
  const char *name;
  const char *binding_type; /* (nullable): none */
} mechanisms[] = {
  { "HT-SHA-256-EXPR", "tls-exporter" },
  { "HT-SHA-256-UNIQ", "tls-unique" },
  { "HT-SHA-256-ENDP", "tls-server-end-point" },
  { "HT-SHA-256-NONE", NULL },
};

static gboolean
is_offered (const IBBElement *offer, const char *mechanism)
{
  const IBBElement *inner = ibb_element_get_child (offer, "inline", IBB_SASL2_NAMESPACE);
  const IBBElement *fast =
      inner != NULL ? ibb_element_get_child (inner, "fast", IBB_FAST_NAMESPACE) : NULL;
  g_autoptr (GPtrArray) children = fast != NULL ? ibb_element_list_children (fast) : NULL;

  for (guint i = 0; children != NULL && i < children->len; i++)
    {
      const IBBElement *child = g_ptr_array_index (children, i);

      if (ibb_element_is (child, "mechanism", IBB_FAST_NAMESPACE) &&
          g_str_equal (ibb_element_get_text (child), mechanism))
        return TRUE;
    }

  return FALSE;
}

/* Without a binding the first message is always the same. A man in the middle who has decrypted one
 * can send it again, as with PLAIN. So it does not replace a login that is bound, nor one that must
 * not use PLAIN. binding (nullable) (out): the data to bind to. */
static gboolean
is_usable (gsize                    i,
           const IBBElement        *offer,
           const IBBSaslParameters *parameters,
           gboolean                 is_bound,
           GBytes                 **binding)
{
  *binding = NULL;
  /* Without TLS everybody could read the token. An account with a certificate needs none. */
  if (parameters->tls == NULL || parameters->node == NULL || parameters->has_certificate ||
      !is_offered (offer, mechanisms[i].name))
    return FALSE;
  if (mechanisms[i].binding_type == NULL)
    return !is_bound && parameters->policy != IBB_XMPP_PASSWORD_POLICY_HASHED;

  *binding = ibb_channel_binding_get (parameters->tls, mechanisms[i].binding_type);
  return *binding != NULL;
}

static gboolean
is_expired (IBBXmppToken *token)
{
  GDateTime            *expiry = ibb_xmpp_token_get_expiry (token);
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();

  return expiry != NULL && g_date_time_compare (expiry, now) <= 0;
}

static void
compute (IBBXmppToken *token, const char *role, GBytes *binding, guint8 *digest)
{
  const char         *secret = ibb_xmpp_token_get_secret (token);
  g_autoptr (IBBHmac) hmac = ibb_hmac_new (G_CHECKSUM_SHA256, secret, strlen (secret));
  gsize               length = 0;
  const void         *data = binding != NULL ? g_bytes_get_data (binding, &length) : NULL;

  ibb_hmac_compute (hmac, role, strlen (role), data, length, digest);
}

static char *
dup_initial (IBBXmppToken *token, const char *node, GBytes *binding)
{
  gsize   length = strlen (node) + 1;
  guint8 *message = g_malloc (length + IBB_HMAC_MAX_DIGEST);
  char   *text;

  memcpy (message, node, length);
  compute (token, "Initiator", binding, message + length);
  text = g_base64_encode (message, length + DIGEST_SIZE);
  explicit_bzero (message, length + DIGEST_SIZE);
  g_free (message);

  return text;
}

IBBFast *
ibb_fast_new (IBBXmppToken            *token,
              const IBBElement        *offer,
              const IBBSaslParameters *parameters,
              gboolean                 is_bound)
{
  g_autoptr (GBytes) binding = NULL;
  IBBFast           *self;
  gsize              i = 0;

  while (i < G_N_ELEMENTS (mechanisms) &&
         !g_str_equal (mechanisms[i].name, ibb_xmpp_token_get_mechanism (token)))
    i++;
  if (i == G_N_ELEMENTS (mechanisms) || is_expired (token) ||
      !is_usable (i, offer, parameters, is_bound, &binding))
    return NULL;

  self = g_new0 (IBBFast, 1);
  self->mechanism = mechanisms[i].name;
  self->initial = dup_initial (token, parameters->node, binding);
  compute (token, "Responder", binding, self->expected);

  return self;
}

void
ibb_fast_free (IBBFast *self)
{
  ibb_secret_free (self->initial);
  explicit_bzero (self, sizeof *self);
  g_free (self);
}

gboolean
ibb_fast_verify (IBBFast *self, const char *text, GError **error)
{
  g_autofree guint8 *bytes = NULL;
  gsize              length;

  bytes = ibb_sasl_decode (text, &length, error);
  if (bytes == NULL)
    return FALSE;
  if (length == DIGEST_SIZE && memcmp (bytes, self->expected, DIGEST_SIZE) == 0)
    return TRUE;

  g_set_error_literal (error, IBB_ERROR, IBB_ERROR_AUTHENTICATION,
                       _ ("The server did not prove that it knows the token"));
  return FALSE;
}

const char *
ibb_fast_choose (const IBBElement *offer, const IBBSaslParameters *parameters, gboolean is_bound)
{
  for (gsize i = 0; i < G_N_ELEMENTS (mechanisms); i++)
    {
      g_autoptr (GBytes) binding = NULL;

      if (is_usable (i, offer, parameters, is_bound, &binding))
        return mechanisms[i].name;
    }

  return NULL;
}

gboolean
ibb_fast_binds (const char *mechanism)
{
  for (gsize i = 0; i < G_N_ELEMENTS (mechanisms); i++)
    if (g_str_equal (mechanisms[i].name, mechanism))
      return mechanisms[i].binding_type != NULL;

  return FALSE;
}

IBBXmppToken *
ibb_fast_take_token (IBBElement *success, const char *mechanism)
{
  g_autoptr (IBBElement) element = ibb_element_dup_child (success, "token", IBB_FAST_NAMESPACE);
  g_autoptr (GDateTime)  expiry = NULL;
  const char            *time;
  char                  *secret;
  IBBXmppToken          *token = NULL;

  if (element == NULL)
    return NULL;

  time = ibb_element_get_attribute (element, "expiry");
  if (time != NULL)
    expiry = g_date_time_new_from_iso8601 (time, NULL);
  secret = (char *) ibb_element_get_attribute (element, "token");
  if (secret == NULL)
    return NULL;

  if (*secret != '\0' && strlen (secret) <= MAX_SECRET)
    token = ibb_xmpp_token_new (secret, mechanism, expiry);
  explicit_bzero (secret, strlen (secret));
  return token;
}
