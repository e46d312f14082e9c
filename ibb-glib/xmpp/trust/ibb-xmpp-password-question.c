/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/trust/ibb-xmpp-password-question-private.h"

#include <string.h>

/**
 * IBBXmppPasswordQuestion:
 *
 * The question for the password of an account: see [signal@IBBXmpp.Client::password-requested].
 *
 * ```c
 * static gboolean
 * password_cb (IBBXmppClient *client, IBBXmppPasswordQuestion *question, GQueue *dialogues)
 * {
 *   // Each calls ibb_xmpp_password_question_answer () when the user has typed.
 *   g_queue_push_tail (dialogues, g_object_ref (question));
 *   return TRUE;
 * }
 * ```
 *
 * Since: 1.0
 */

struct _IBBXmppPasswordQuestion
{
  IBBXmppQuestion parent_instance;

  /* immutable after construction */
  char    *jid;
  gboolean was_refused;
  gboolean can_remember;
  GError  *keyring_error; /* (owned) (nullable) */

  /* set by the answer, before the asker is called */
  char              *password; /* (nullable) */
  IBBXmppAnswerFlags flags;
};

enum
{
  PROP_JID = 1,
  PROP_WAS_REFUSED,
  PROP_CAN_REMEMBER,
  PROP_KEYRING_ERROR,
  N_PROPS
};

static GParamSpec *props[N_PROPS];

G_DEFINE_FINAL_TYPE (IBBXmppPasswordQuestion, ibb_xmpp_password_question, IBB_XMPP_TYPE_QUESTION)

static void
ibb_xmpp_password_question_get_property (GObject    *object,
                                         guint       id,
                                         GValue     *value,
                                         GParamSpec *pspec)
{
  IBBXmppPasswordQuestion *self = IBB_XMPP_PASSWORD_QUESTION (object);

  switch (id)
    {
    case PROP_JID:
      g_value_set_string (value, self->jid);
      break;
    case PROP_WAS_REFUSED:
      g_value_set_boolean (value, self->was_refused);
      break;
    case PROP_CAN_REMEMBER:
      g_value_set_boolean (value, self->can_remember);
      break;
    case PROP_KEYRING_ERROR:
      g_value_set_boxed (value, self->keyring_error);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
ibb_xmpp_password_question_finalize (GObject *object)
{
  IBBXmppPasswordQuestion *self = IBB_XMPP_PASSWORD_QUESTION (object);

  g_free (self->jid);
  if (self->password != NULL)
    explicit_bzero (self->password, strlen (self->password));
  g_free (self->password);
  g_clear_error (&self->keyring_error);

  G_OBJECT_CLASS (ibb_xmpp_password_question_parent_class)->finalize (object);
}

static void
ibb_xmpp_password_question_class_init (IBBXmppPasswordQuestionClass *klass)
{
  GObjectClass     *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags read_only = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  object_class->get_property = ibb_xmpp_password_question_get_property;
  object_class->finalize = ibb_xmpp_password_question_finalize;

  /**
   * IBBXmppPasswordQuestion:jid:
   *
   * The bare JID of the account.
   *
   * Since: 1.0
   */
  props[PROP_JID] = g_param_spec_string ("jid", NULL, NULL, NULL, read_only);

  /**
   * IBBXmppPasswordQuestion:was-refused:
   *
   * Whether the server has just refused another password.
   *
   * Since: 1.0
   */
  props[PROP_WAS_REFUSED] = g_param_spec_boolean ("was-refused", NULL, NULL, FALSE, read_only);

  /**
   * IBBXmppPasswordQuestion:can-remember:
   *
   * Whether there is a keyring that can keep the password: [property@IBBXmpp.Client:keyring] is
   * set, and there is no [property@IBBXmpp.PasswordQuestion:keyring-error].
   *
   * Since: 1.0
   */
  props[PROP_CAN_REMEMBER] = g_param_spec_boolean ("can-remember", NULL, NULL, FALSE, read_only);

  /**
   * IBBXmppPasswordQuestion:keyring-error: (getter dup_keyring_error)
   *
   * Why the keyring neither has the password nor can keep it: %G_IO_ERROR_NOT_SUPPORTED if it keeps
   * passwords in memory only, or the build has none; %G_IO_ERROR_PERMISSION_DENIED if it has the
   * password and stays locked; %G_IO_ERROR_FAILED if no Secret Service runs, or it does not answer.
   *
   * %NULL if the keyring was asked, or is not to be used.
   *
   * Since: 1.0
   */
  props[PROP_KEYRING_ERROR] =
      g_param_spec_boxed ("keyring-error", NULL, NULL, G_TYPE_ERROR, read_only);

  g_object_class_install_properties (object_class, N_PROPS, props);
}

static void
ibb_xmpp_password_question_init (IBBXmppPasswordQuestion *self)
{
}

IBBXmppPasswordQuestion *
ibb_xmpp_password_question_new (const char   *jid,
                                gboolean      was_refused,
                                gboolean      uses_keyring,
                                const GError *keyring_error)
{
  IBBXmppPasswordQuestion *self = g_object_new (IBB_XMPP_TYPE_PASSWORD_QUESTION, NULL);

  self->jid = g_strdup (jid);
  self->was_refused = was_refused;
  self->can_remember = uses_keyring && keyring_error == NULL;
  self->keyring_error = keyring_error != NULL ? g_error_copy (keyring_error) : NULL;
  return self;
}

char *
ibb_xmpp_password_question_take_password (IBBXmppPasswordQuestion *self, IBBXmppAnswerFlags *flags)
{
  *flags = self->flags;
  return g_steal_pointer (&self->password);
}

/**
 * ibb_xmpp_password_question_get_jid:
 * @self: a question
 *
 * Gets whose password it is.
 *
 * Returns: a bare JID
 *
 * Since: 1.0
 */
const char *
ibb_xmpp_password_question_get_jid (IBBXmppPasswordQuestion *self)
{
  g_return_val_if_fail (IBB_XMPP_IS_PASSWORD_QUESTION (self), NULL);

  return self->jid;
}

/**
 * ibb_xmpp_password_question_get_was_refused:
 * @self: a question
 *
 * Gets whether the server has just refused another password.
 *
 * Returns: TRUE if it has
 *
 * Since: 1.0
 */
gboolean
ibb_xmpp_password_question_get_was_refused (IBBXmppPasswordQuestion *self)
{
  g_return_val_if_fail (IBB_XMPP_IS_PASSWORD_QUESTION (self), FALSE);

  return self->was_refused;
}

/**
 * ibb_xmpp_password_question_get_can_remember:
 * @self: a question
 *
 * Gets whether there is a keyring that can keep the password; see
 * [property@IBBXmpp.PasswordQuestion:can-remember].
 *
 * Returns: TRUE if there is
 *
 * Since: 1.0
 */
gboolean
ibb_xmpp_password_question_get_can_remember (IBBXmppPasswordQuestion *self)
{
  g_return_val_if_fail (IBB_XMPP_IS_PASSWORD_QUESTION (self), FALSE);

  return self->can_remember;
}

/**
 * ibb_xmpp_password_question_dup_keyring_error: (get-property keyring-error)
 * @self: a question
 *
 * Gets the reason why the keyring cannot be used; see
 * [property@IBBXmpp.PasswordQuestion:keyring-error].
 *
 * Returns: (transfer full) (nullable): the reason, or %NULL for none
 *
 * Since: 1.0
 */
GError *
ibb_xmpp_password_question_dup_keyring_error (IBBXmppPasswordQuestion *self)
{
  g_return_val_if_fail (IBB_XMPP_IS_PASSWORD_QUESTION (self), NULL);

  return self->keyring_error != NULL ? g_error_copy (self->keyring_error) : NULL;
}

/**
 * ibb_xmpp_password_question_answer:
 * @self: a question
 * @password: the password
 * @flags: whether the user's keyring may keep it
 *
 * Gives the password. Without effect after another answer.
 *
 * The client keeps the password in memory for later logins by itself. With
 * %IBB_XMPP_ANSWER_FLAGS_REMEMBER the Secret Service keeps it, too, once the server has accepted
 * it, if [property@IBBXmpp.PasswordQuestion:can-remember] is %TRUE.
 *
 * Since: 1.0
 */
void
ibb_xmpp_password_question_answer (IBBXmppPasswordQuestion *self,
                                   const char              *password,
                                   IBBXmppAnswerFlags       flags)
{
  IBBXmppQuestion *parent;

  g_return_if_fail (IBB_XMPP_IS_PASSWORD_QUESTION (self));
  g_return_if_fail (password != NULL);

  parent = &self->parent_instance;
  if (!ibb_xmpp_question_settle (parent))
    return;
  self->password = g_strdup (password);
  self->flags = flags;
  ibb_xmpp_question_answer (parent, TRUE);
}
