/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/trust/ibb-xmpp-trust-question-private.h"

#include "xmpp/trust/certificate-error.h"
#include "xmpp/trust/ibb-xmpp-known-certificates-private.h"

/**
 * IBBXmppTrustQuestion:
 *
 * The question whether a certificate is trusted that cannot be verified: that of a server
 * ([signal@IBBXmpp.Client::trust-requested]), or of a peer.
 *
 * ```c
 * static gboolean
 * trust_cb (IBBXmppClient *client, IBBXmppTrustQuestion *question, const char *expected)
 * {
 *   if (g_str_equal (ibb_xmpp_trust_question_get_fingerprint (question), expected))
 *     ibb_xmpp_trust_question_accept (question, IBB_XMPP_ANSWER_FLAGS_NONE);
 *   return TRUE;
 * }
 * ```
 *
 * A dialogue shows the reason ([method@IBBXmpp.TrustQuestion.dup_reason]),
 * [property@IBBXmpp.TrustQuestion:fingerprint], and [property@IBBXmpp.TrustQuestion:code] where
 * there is one; it warns of a certificate that has [property@IBBXmpp.TrustQuestion:changed]. It
 * keeps a reference, and calls [method@IBBXmpp.TrustQuestion.accept] or
 * [method@IBBXmpp.Question.refuse] when the user has decided.
 *
 * Since: 1.0
 */

struct _IBBXmppTrustQuestion
{
  IBBXmppQuestion parent_instance;

  /* immutable after construction */
  char                     *name;
  GTlsCertificate          *certificate; /* (owned) */
  GTlsCertificateFlags      errors;
  char                     *fingerprint;
  gboolean                  changed;
  char                     *code;  /* (nullable) */
  IBBXmppKnownCertificates *known; /* (owned) (nullable) */

  IBBXmppAnswerFlags flags; /* of the answer; immutable once the question is settled */
};

enum
{
  PROP_NAME = 1,
  PROP_CERTIFICATE,
  PROP_ERRORS,
  PROP_FINGERPRINT,
  PROP_CHANGED,
  PROP_CODE,
  N_PROPS
};

static GParamSpec *props[N_PROPS];

G_DEFINE_FINAL_TYPE (IBBXmppTrustQuestion, ibb_xmpp_trust_question, IBB_XMPP_TYPE_QUESTION)

static void
ibb_xmpp_trust_question_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  IBBXmppTrustQuestion *self = IBB_XMPP_TRUST_QUESTION (object);

  switch (id)
    {
    case PROP_NAME:
      g_value_set_string (value, self->name);
      break;
    case PROP_CERTIFICATE:
      g_value_set_object (value, self->certificate);
      break;
    case PROP_ERRORS:
      g_value_set_flags (value, self->errors);
      break;
    case PROP_FINGERPRINT:
      g_value_set_string (value, self->fingerprint);
      break;
    case PROP_CHANGED:
      g_value_set_boolean (value, self->changed);
      break;
    case PROP_CODE:
      g_value_set_string (value, self->code);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
ibb_xmpp_trust_question_finalize (GObject *object)
{
  IBBXmppTrustQuestion *self = IBB_XMPP_TRUST_QUESTION (object);

  g_free (self->name);
  g_clear_object (&self->certificate);
  g_free (self->fingerprint);
  g_free (self->code);
  g_clear_object (&self->known);

  G_OBJECT_CLASS (ibb_xmpp_trust_question_parent_class)->finalize (object);
}

static void
ibb_xmpp_trust_question_class_init (IBBXmppTrustQuestionClass *klass)
{
  GObjectClass     *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags read_only = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  object_class->get_property = ibb_xmpp_trust_question_get_property;
  object_class->finalize = ibb_xmpp_trust_question_finalize;

  /**
   * IBBXmppTrustQuestion:name:
   *
   * Whom the certificate has to belong to: the domain of an account, the host of a WebSocket, or
   * the bare JID of a peer.
   *
   * Since: 1.0
   */
  props[PROP_NAME] = g_param_spec_string ("name", NULL, NULL, NULL, read_only);

  /**
   * IBBXmppTrustQuestion:certificate:
   *
   * The certificate.
   *
   * Since: 1.0
   */
  props[PROP_CERTIFICATE] =
      g_param_spec_object ("certificate", NULL, NULL, G_TYPE_TLS_CERTIFICATE, read_only);

  /**
   * IBBXmppTrustQuestion:errors:
   *
   * Why the certificate cannot be verified. That of a peer, which has signed its certificate
   * itself, has %G_TLS_CERTIFICATE_UNKNOWN_CA.
   *
   * Since: 1.0
   */
  props[PROP_ERRORS] =
      g_param_spec_flags ("errors", NULL, NULL, G_TYPE_TLS_CERTIFICATE_FLAGS, 0, read_only);

  /**
   * IBBXmppTrustQuestion:fingerprint:
   *
   * The SHA-256 of the certificate as `openssl x509 -fingerprint -sha256` prints it: 32 pairs of
   * capital hexadecimal digits with colons.
   *
   * Since: 1.0
   */
  props[PROP_FINGERPRINT] = g_param_spec_string ("fingerprint", NULL, NULL, NULL, read_only);

  /**
   * IBBXmppTrustQuestion:changed:
   *
   * Whether another certificate of the name is known. Then the owner has a new certificate, or
   * somebody is in between. A peer may also use another device.
   *
   * Since: 1.0
   */
  props[PROP_CHANGED] = g_param_spec_boolean ("changed", NULL, NULL, FALSE, read_only);

  /**
   * IBBXmppTrustQuestion:code:
   *
   * For a peer, six digits that both people see: if they read the same ones to each other, over
   * the telephone for example, nobody sits in between. %NULL for a server.
   *
   * Since: 1.0
   */
  props[PROP_CODE] = g_param_spec_string ("code", NULL, NULL, NULL, read_only);

  g_object_class_install_properties (object_class, N_PROPS, props);
}

static void
ibb_xmpp_trust_question_init (IBBXmppTrustQuestion *self)
{
}

IBBXmppTrustQuestion *
ibb_xmpp_trust_question_new (const char               *name,
                             GTlsCertificate          *certificate,
                             GTlsCertificateFlags      errors,
                             IBBXmppKnownCertificates *known,
                             const char               *code)
{
  IBBXmppTrustQuestion *self = g_object_new (IBB_XMPP_TYPE_TRUST_QUESTION, NULL);

  self->name = g_strdup (name);
  self->certificate = g_object_ref (certificate);
  self->errors = errors;
  self->fingerprint = ibb_xmpp_known_certificates_dup_fingerprint (certificate);
  self->code = g_strdup (code);
  if (known != NULL)
    {
      self->known = g_object_ref (known);
      self->changed =
          ibb_xmpp_known_certificates_check (known, name, certificate) == IBB_XMPP_TRUST_CHANGED;
    }
  return self;
}

/**
 * ibb_xmpp_trust_question_get_name:
 * @self: a question
 *
 * Gets whom the certificate has to belong to: see [property@IBBXmpp.TrustQuestion:name].
 *
 * Returns: a domain, a host or a bare JID
 *
 * Since: 1.0
 */
const char *
ibb_xmpp_trust_question_get_name (IBBXmppTrustQuestion *self)
{
  g_return_val_if_fail (IBB_XMPP_IS_TRUST_QUESTION (self), NULL);

  return self->name;
}

/**
 * ibb_xmpp_trust_question_get_certificate:
 * @self: a question
 *
 * Gets the certificate.
 *
 * Returns: (transfer none): the certificate
 *
 * Since: 1.0
 */
GTlsCertificate *
ibb_xmpp_trust_question_get_certificate (IBBXmppTrustQuestion *self)
{
  g_return_val_if_fail (IBB_XMPP_IS_TRUST_QUESTION (self), NULL);

  return self->certificate;
}

/**
 * ibb_xmpp_trust_question_get_errors:
 * @self: a question
 *
 * Gets why the certificate cannot be verified.
 *
 * Returns: the reasons
 *
 * Since: 1.0
 */
GTlsCertificateFlags
ibb_xmpp_trust_question_get_errors (IBBXmppTrustQuestion *self)
{
  g_return_val_if_fail (IBB_XMPP_IS_TRUST_QUESTION (self), 0);

  return self->errors;
}

/**
 * ibb_xmpp_trust_question_dup_reason:
 * @self: a question
 *
 * Tells a person in words why the certificate cannot be verified, with each reason in
 * [property@IBBXmpp.TrustQuestion:errors]: “it belongs to another name, and it has expired” for
 * example. The error of a login that the answer ends has the same words.
 *
 * Returns: (transfer full): the reasons, without a capital letter and a full stop
 *
 * Since: 1.0
 */
char *
ibb_xmpp_trust_question_dup_reason (IBBXmppTrustQuestion *self)
{
  g_return_val_if_fail (IBB_XMPP_IS_TRUST_QUESTION (self), NULL);

  return ibb_certificate_error_explain (self->errors);
}

/**
 * ibb_xmpp_trust_question_get_fingerprint:
 * @self: a question
 *
 * Gets the SHA-256 of the certificate: see [property@IBBXmpp.TrustQuestion:fingerprint].
 *
 * Returns: the fingerprint
 *
 * Since: 1.0
 */
const char *
ibb_xmpp_trust_question_get_fingerprint (IBBXmppTrustQuestion *self)
{
  g_return_val_if_fail (IBB_XMPP_IS_TRUST_QUESTION (self), NULL);

  return self->fingerprint;
}

/**
 * ibb_xmpp_trust_question_get_changed:
 * @self: a question
 *
 * Gets whether another certificate of the name is known: see
 * [property@IBBXmpp.TrustQuestion:changed].
 *
 * Returns: TRUE if another one is known
 *
 * Since: 1.0
 */
gboolean
ibb_xmpp_trust_question_get_changed (IBBXmppTrustQuestion *self)
{
  g_return_val_if_fail (IBB_XMPP_IS_TRUST_QUESTION (self), FALSE);

  return self->changed;
}

/**
 * ibb_xmpp_trust_question_get_code:
 * @self: a question
 *
 * Gets the digits that two people compare: see [property@IBBXmpp.TrustQuestion:code].
 *
 * Returns: (nullable): six digits; NULL for a server
 *
 * Since: 1.0
 */
const char *
ibb_xmpp_trust_question_get_code (IBBXmppTrustQuestion *self)
{
  g_return_val_if_fail (IBB_XMPP_IS_TRUST_QUESTION (self), NULL);

  return self->code;
}

void
ibb_xmpp_trust_question_keep (IBBXmppTrustQuestion *self)
{
  g_autoptr (GError) error = NULL;
  gboolean           kept;

  if ((self->flags & IBB_XMPP_ANSWER_FLAGS_REMEMBER) == 0 || self->known == NULL)
    return;
  if (self->code == NULL)
    kept = ibb_xmpp_known_certificates_replace (self->known, self->name, self->certificate, &error);
  else
    kept = ibb_xmpp_known_certificates_add (self->known, self->name, self->certificate, &error);
  if (!kept)
    g_warning ("%s", error->message);
}

/**
 * ibb_xmpp_trust_question_accept:
 * @self: a question
 * @flags: whether the certificate is trusted from now on
 *
 * Trusts the certificate. Without effect after another answer.
 *
 * With %IBB_XMPP_ANSWER_FLAGS_REMEMBER the certificate is added to the known ones of the object
 * that asks, if there are any. The new certificate of a server replaces the known one. A peer may
 * have one for each device: its certificate is added when the peer trusts this end, too. If the
 * file cannot be written, a warning is logged, and the certificate is trusted this time.
 *
 * Since: 1.0
 */
void
ibb_xmpp_trust_question_accept (IBBXmppTrustQuestion *self, IBBXmppAnswerFlags flags)
{
  IBBXmppQuestion *parent;

  g_return_if_fail (IBB_XMPP_IS_TRUST_QUESTION (self));

  parent = &self->parent_instance;
  if (!ibb_xmpp_question_settle (parent))
    return;
  self->flags = flags;
  if (self->code == NULL)
    ibb_xmpp_trust_question_keep (self);
  ibb_xmpp_question_answer (parent, TRUE);
}
