/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "client-application.h"

#include <glib/gstdio.h>
#include <string.h>

#include "../lib/certificate.h"
#include "client-fixture.h"

/* What it does in the handler of a signal, in the order of "on SIGNAL NUMBER". */
typedef enum
{
  DO_LOG_OUT,
  DO_LOG_OUT_AND_WAIT,
  DO_LOG_IN,
  DO_DROP,
  DO_SET,
  DO_OPEN,
  DO_ITERATE,
} Deed;

struct _Application
{
  IBBXmppEntity **client;

  /* Questions about a certificate. */
  guint            answer; /* an index of answers */
  guint            n_judged;
  gboolean         was_changed;
  char            *reason; /* (owned) (nullable) */
  IBBXmppQuestion *kept;   /* (owned) (nullable) */
  guint            n_withdrawn;
  GWeakRef         seen; /* GTlsCertificate */

  /* Questions about the password. */
  char    *password; /* (owned) (nullable) */
  guint    n_asked;
  gboolean was_refused;

  /* A handler. */
  gboolean           is_question;
  Deed               deed;
  guint              n_deeds;
  guint              n_told; /* to the handler behind the one that does it */
  IBBConnectionState state;  /* that was told last */
  gpointer           weak;   /* the client */
  GAsyncResult      *login;
  GAsyncResult      *logout;
  GAsyncResult      *again;
  GAsyncResult      *open;
  IBBService        *service; /* (owned) (nullable) */

  /* (owned) (nullable): what it gives to the client */
  GTlsDatabase             *database;
  IBBXmppKnownCertificates *known;
  GTlsCertificate          *certificate;
  GProxyResolver           *resolver;
};

/* ---- questions ---- */

static const char *const answers[] = { "accept", "remember", "refuse", "keep", "nobody" };

static void
withdrawn_cb (IBBXmppQuestion *question, Application *self)
{
  g_assert_false (ibb_xmpp_question_is_pending (question));
  self->n_withdrawn++;
}

/* A question that is neither answered nor kept is refused. */
static gboolean
trust_cb (IBBXmppClient *client, IBBXmppTrustQuestion *question, Application *self)
{
  g_assert_cmpint (ibb_xmpp_trust_question_get_errors (question), !=, 0);
  if (g_str_has_prefix (ibb_xmpp_client_get_jid (client), "user@"))
    g_assert_true (g_str_has_suffix (ibb_xmpp_client_get_jid (client),
                                     ibb_xmpp_trust_question_get_name (question)));
  g_assert_cmpuint (strlen (ibb_xmpp_trust_question_get_fingerprint (question)), ==, 32 * 3 - 1);
  g_assert_null (ibb_xmpp_trust_question_get_code (question));
  g_assert_true (ibb_xmpp_question_is_pending (IBB_XMPP_QUESTION (question)));
  self->n_judged++;
  self->was_changed = ibb_xmpp_trust_question_get_changed (question);
  g_free (self->reason);
  self->reason = ibb_xmpp_trust_question_dup_reason (question);
  g_weak_ref_set (&self->seen, ibb_xmpp_trust_question_get_certificate (question));
  if (g_str_equal (answers[self->answer], "keep"))
    {
      g_signal_connect (question, "withdrawn", G_CALLBACK (withdrawn_cb), self);
      self->kept = g_object_ref (IBB_XMPP_QUESTION (question));
    }
  else if (!g_str_equal (answers[self->answer], "refuse"))
    ibb_xmpp_trust_question_accept (question, g_str_equal (answers[self->answer], "remember")
                                                  ? IBB_XMPP_ANSWER_FLAGS_REMEMBER
                                                  : IBB_XMPP_ANSWER_FLAGS_NONE);
  return TRUE;
}

void
application_attach (Application *self)
{
  if (IBB_XMPP_IS_CLIENT (*self->client))
    g_signal_connect (*self->client, "trust-requested", G_CALLBACK (trust_cb), self);
}

/* "judge accept|remember|refuse|keep", or "nobody": the application is not asked */
static void
set_judge (Application *self, Words *words)
{
  self->answer = script_find (answers, G_N_ELEMENTS (answers), words_take (words));
  if (g_str_equal (answers[self->answer], "nobody"))
    g_signal_handlers_disconnect_by_func (*self->client, trust_cb, self);
}

/* How often the application was asked about a certificate. "changed": the last one is not the
 * remembered one. */
static void
check_judged (Application *self, Words *words)
{
  gboolean has_changed;

  g_assert_cmpuint (self->n_judged, ==, words_take_number (words));
  has_changed = words_take_if (words, "changed");
  g_assert_cmpint (self->n_judged > 0 && self->was_changed, ==, has_changed);
}

static void
check_reason (Application *self, Words *words)
{
  g_assert_cmpstr (self->reason, ==, words_take (words));
}

/* "answer accept|refuse": what "judge keep" has kept, once it is there */
static void
answer_kept (Application *self, Words *words)
{
  wait_until (self->kept != NULL);
  if (words_take_if (words, "accept"))
    ibb_xmpp_trust_question_accept (IBB_XMPP_TRUST_QUESTION (self->kept),
                                    IBB_XMPP_ANSWER_FLAGS_NONE);
  else if (words_take_if (words, "refuse"))
    ibb_xmpp_question_refuse (self->kept);
}

static void
check_withdrawn (Application *self, Words *words)
{
  guint n = words_take_number (words);

  wait_until (self->n_withdrawn >= n);
  g_assert_cmpuint (self->n_withdrawn, ==, n);
}

static char *
dup_known_path (void)
{
  return g_build_filename (g_get_user_data_dir (), "ibb-glib", "known-certificates", NULL);
}

/* The client uses the list of known certificates of the user. */
static void
use_known (Application *self, Words *words)
{
  g_autoptr (IBBXmppKnownCertificates) known = ibb_xmpp_known_certificates_new (NULL);

  ibb_xmpp_client_set_known_certificates (IBB_XMPP_CLIENT (*self->client), known);
}

/* "known-file on": it is there, only for the user, and now removed. */
static void
check_known_file (Application *self, Words *words)
{
  g_autofree char *path = dup_known_path ();
  gboolean         is_there = words_take_switch (words);
  GStatBuf         info;

  g_assert_cmpint (g_stat (path, &info) == 0, ==, is_there);
  if (is_there)
    {
      g_assert_cmpint (info.st_mode & 0777, ==, 0600);
      g_assert_cmpint (g_unlink (path), ==, 0);
    }
}

static gboolean
password_cb (IBBXmppClient *client, IBBXmppPasswordQuestion *question, Application *self)
{
  g_assert_cmpstr (ibb_xmpp_password_question_get_jid (question), ==,
                   ibb_xmpp_client_get_jid (client));
  self->n_asked++;
  self->was_refused = ibb_xmpp_password_question_get_was_refused (question);
  if (self->password != NULL)
    ibb_xmpp_password_question_answer (question, self->password, IBB_XMPP_ANSWER_FLAGS_REMEMBER);
  return TRUE;
}

/* "answer-password none|TEXT": the client does not know the password */
static void
set_typed (Application *self, Words *words)
{
  g_free (self->password);
  self->password = words_take_if (words, "none") ? NULL : g_strdup (words_take (words));
  ibb_xmpp_client_set_password (IBB_XMPP_CLIENT (*self->client), NULL);
  g_signal_handlers_disconnect_by_func (*self->client, password_cb, self);
  g_signal_connect (*self->client, "password-requested", G_CALLBACK (password_cb), self);
}

/* "asked-password N on": the server has refused the last one */
static void
check_asked_password (Application *self, Words *words)
{
  g_assert_cmpuint (self->n_asked, ==, words_take_number (words));
  g_assert_cmpint (self->was_refused, ==, words_take_switch (words));
}

/* ---- handlers ---- */

/* Each of these notifies within the notification. */
static void
set_all (IBBXmppEntity *connection)
{
  IBBXmppClient *client = IBB_XMPP_CLIENT (connection);

  ibb_xmpp_entity_set_auto_reconnect (connection, !ibb_xmpp_entity_get_auto_reconnect (connection));
  g_object_set (connection, "keepalive-interval", 50000, "keepalive-timeout", 70000, NULL);
  ibb_xmpp_client_set_password (client, NULL);
  ibb_xmpp_client_set_priority (client, 7);
  ibb_xmpp_client_set_send_presence (client, !ibb_xmpp_client_get_send_presence (client));
  ibb_xmpp_client_set_token (client, NULL);
  ibb_xmpp_client_set_fingerprint (client, NULL);
  ibb_xmpp_client_set_user_agent_id (client, "00112233-4455-4677-8899-aabbccddeeff");
  ibb_connection_add_feature (IBB_CONNECTION (client), "urn:example:feature");
}

static void
open_session (Application *self)
{
  g_autoptr (IBBSessionParams) params = ibb_session_params_new ();

  self->service = ibb_service_new (IBB_CONNECTION (*self->client));
  ibb_service_open_session_async (self->service, "friend@fake.test/x", params, NULL,
                                  store_result_cb, &self->open);
}

static void
act (Application *self)
{
  IBBXmppEntity *connection = *self->client;

  if (self->n_deeds++ > 0)
    return;
  switch (self->deed)
    {
    case DO_LOG_OUT:
      ibb_xmpp_client_logout_async (IBB_XMPP_CLIENT (connection), NULL, store_result_cb,
                                    &self->logout);
      break;
    case DO_LOG_OUT_AND_WAIT:
      assert_succeeds (ibb_xmpp_client_logout, IBB_XMPP_CLIENT (connection), NULL);
      break;
    case DO_LOG_IN:
      ibb_xmpp_client_login_async (IBB_XMPP_CLIENT (connection), NULL, store_result_cb,
                                   &self->again);
      break;
    case DO_DROP:
      g_clear_object (self->client);
      break;
    case DO_SET:
      set_all (connection);
      break;
    case DO_OPEN:
      open_session (self);
      break;
    case DO_ITERATE:
      run_pending ();
      break;
    default:
      g_assert_not_reached ();
    }
}

/* Of any signal. The value says of a stanza that it was not taken. */
static gboolean
signal_cb (Application *self)
{
  act (self);
  return FALSE;
}

static gboolean
told_cb (Application *self)
{
  self->n_told++;
  return FALSE;
}

static gboolean
question_cb (IBBXmppClient *client, IBBXmppQuestion *question, Application *self)
{
  act (self);
  if (IBB_XMPP_IS_TRUST_QUESTION (question))
    ibb_xmpp_trust_question_accept (IBB_XMPP_TRUST_QUESTION (question), IBB_XMPP_ANSWER_FLAGS_NONE);
  else
    ibb_xmpp_password_question_answer (IBB_XMPP_PASSWORD_QUESTION (question), "secret",
                                       IBB_XMPP_ANSWER_FLAGS_NONE);
  return TRUE;
}

static void
state_cb (IBBXmppEntity *connection, GParamSpec *pspec, Application *self)
{
  self->state = ibb_xmpp_entity_get_state (connection);
}

/* "on SIGNAL NUMBER": from now on the client has such a handler. */
static void
set_deed (Application *self, Words *words)
{
  const char *signal = words_take (words);

  self->is_question = g_str_has_suffix (signal, "requested");
  self->deed = (Deed) words_take_number (words);
  self->n_deeds = self->n_told = 0;
  self->weak = *self->client;
  g_object_add_weak_pointer (G_OBJECT (*self->client), &self->weak);
  g_signal_handlers_disconnect_by_func (*self->client, trust_cb, self);
  g_signal_connect (*self->client, "notify::state", G_CALLBACK (state_cb), self);
  if (self->is_question)
    g_signal_connect (*self->client, signal, G_CALLBACK (question_cb), self);
  else
    g_signal_connect_swapped (*self->client, signal, G_CALLBACK (signal_cb), self);
  g_signal_connect_swapped (*self->client, signal, G_CALLBACK (told_cb), self);
}

/* A login whose notifications wait in the context meanwhile. */
static void
log_in_blocking (Application *self, Words *words)
{
  assert_login (IBB_XMPP_CLIENT (*self->client));
  run_pending ();
}

static void
log_in_asked (Application *self, Words *words)
{
  ibb_xmpp_client_login_async (IBB_XMPP_CLIENT (*self->client), NULL, store_result_cb,
                               &self->login);
}

/* A login that was under way: a logout ends it, and nothing else does. */
static void
check_login (Application *self)
{
  g_autoptr (GAsyncResult) result = wait_for_result (&self->login);
  g_autoptr (GObject)      source = g_async_result_get_source_object (result);
  g_autoptr (GError)       error = NULL;
  gboolean is_online = ibb_xmpp_client_login_finish (IBB_XMPP_CLIENT (source), result, &error);

  if (self->deed == DO_LOG_OUT || self->deed == DO_LOG_OUT_AND_WAIT)
    g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  else
    g_assert_no_error (error);
  g_assert_cmpint (is_online, ==, error == NULL);
}

static void
check_again (Application *self)
{
  g_autoptr (GAsyncResult) result = wait_for_result (&self->again);
  g_autoptr (GError)       error = NULL;

  if (!ibb_xmpp_client_login_finish (IBB_XMPP_CLIENT (*self->client), result, &error) &&
      !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_PENDING))
    g_assert_error (error, G_IO_ERROR, G_IO_ERROR_EXISTS);
}

static void
check_open (Application *self)
{
  g_autoptr (GAsyncResult) result = wait_for_result (&self->open);
  g_autoptr (GError)       error = NULL;

  g_assert_null (ibb_service_open_session_finish (self->service, result, &error));
  if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_CONNECTED))
    g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED);
  g_clear_object (&self->service);
}

/* "acted [N]": the handler has done it, and so many signals came where they still could; what the
 * client tells afterwards is right, and nothing of it is left. */
static void
check_acted (Application *self, Words *words)
{
  guint n_told = words_peek (words) != NULL ? words_take_number (words) : 0;

  while (self->n_deeds == 0)
    wait_a_moment ();
  g_assert_cmpint (self->n_told > 0, ==, !self->is_question);
  if (self->is_question)
    check_login (self);
  if (self->deed == DO_LOG_OUT)
    assert_result (ibb_xmpp_client_logout_finish, IBB_XMPP_CLIENT (*self->client), &self->logout);
  if (self->deed == DO_LOG_IN)
    check_again (self);
  while (self->deed >= DO_SET && self->n_told < n_told)
    wait_a_moment ();
  if (*self->client != NULL)
    {
      assert_succeeds (ibb_xmpp_client_logout, IBB_XMPP_CLIENT (*self->client), NULL);
      if (self->deed == DO_OPEN)
        check_open (self);
      run_pending ();
      g_assert_cmpint (self->state, ==, IBB_CONNECTION_STATE_OFFLINE);
      g_clear_object (self->client);
    }
  while (self->weak != NULL)
    wait_a_moment ();
}

/* ---- objects ---- */

static void
give_objects (Application *self, Words *words)
{
  IBBXmppClient   *client = IBB_XMPP_CLIENT (*self->client);
  g_autofree char *path = get_certificate_path ("authority.crt");

  self->database = assert_succeeds (g_tls_file_database_new, path);
  self->known = ibb_xmpp_known_certificates_new (NULL);
  self->certificate = load_certificate ("romeo.pem");
  self->resolver = g_simple_proxy_resolver_new (NULL, NULL);
  ibb_xmpp_client_set_tls_database (client, self->database);
  ibb_xmpp_client_set_known_certificates (client, self->known);
  ibb_xmpp_client_set_certificate (client, self->certificate);
  ibb_xmpp_client_set_proxy_resolver (client, self->resolver);
}

static gboolean
is_seen_alive (Application *self)
{
  g_autoptr (GObject) seen = g_weak_ref_get (&self->seen);

  return seen != NULL;
}

/* TLS ends in a thread of GIO's, which may hold the certificates for a moment: the application's,
 * and that of the server, which the handler of the signal has seen. */
void
application_drop_objects (Application *self)
{
  if (self->database == NULL)
    return;
  g_assert_finalize_object (g_steal_pointer (&self->database));
  g_assert_finalize_object (g_steal_pointer (&self->known));
  g_assert_finalize_object (g_steal_pointer (&self->resolver));
  drop_client (g_steal_pointer (&self->certificate));
  while (is_seen_alive (self))
    wait_a_moment ();
}

static const ScriptWord calls[] = {
  SCRIPT_WORD ("acted", check_acted),         SCRIPT_WORD ("answer", answer_kept),
  SCRIPT_WORD ("answer-password", set_typed), SCRIPT_WORD ("asked-password", check_asked_password),
  SCRIPT_WORD ("judge", set_judge),           SCRIPT_WORD ("judged", check_judged),
  SCRIPT_WORD ("known", use_known),           SCRIPT_WORD ("known-file", check_known_file),
  SCRIPT_WORD ("log-in-asked", log_in_asked), SCRIPT_WORD ("log-in-blocking", log_in_blocking),
  SCRIPT_WORD ("objects", give_objects),      SCRIPT_WORD ("on", set_deed),
  SCRIPT_WORD ("reason", check_reason),       SCRIPT_WORD ("withdrawn", check_withdrawn),
};

gboolean
application_call (Application *self, const char *name, Words *words)
{
  return SCRIPT_CALL (calls, self, name, words);
}

Application *
application_new (IBBXmppEntity **client)
{
  Application *self = g_new0 (Application, 1);

  self->client = client;
  g_weak_ref_init (&self->seen, NULL);
  return self;
}

void
application_free (Application *self)
{
  g_clear_object (&self->kept);
  g_weak_ref_clear (&self->seen);
  g_free (self->reason);
  g_free (self->password);
  g_free (self);
}
