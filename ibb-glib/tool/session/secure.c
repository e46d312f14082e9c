/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "tool/session/secure.h"

#include "tool/account/source.h"
#include "tool/account/uri.h"
#include "tool/session/call.h"
#include "tool/words/jid.h"
#include "tool/words/output.h"
#include "tool/words/terminal.h"
#include "tool/words/text.h"

#include <glib/gi18n.h>

#define STREAM_KEY "ibb-stream"
/* Between two lines about sessions that wait. */
#define WAITING_INTERVAL (10 * G_USEC_PER_SEC)

/* The stream holds the session: tool_secure_forget_stream () breaks the circle. */
void
tool_secure_set_stream (IBBTransport *transport, GIOStream *stream)
{
  g_object_set_data_full (G_OBJECT (transport), STREAM_KEY, g_object_ref (stream), g_object_unref);
}

GIOStream *
tool_secure_get_stream (IBBTransport *transport)
{
  GIOStream *stream = g_object_get_data (G_OBJECT (transport), STREAM_KEY);

  return stream != NULL ? stream : G_IO_STREAM (transport);
}

void
tool_secure_forget_stream (IBBTransport *transport)
{
  g_object_set_data (G_OBJECT (transport), STREAM_KEY, NULL);
}

/* Asks the person at the terminal, and waits for the answer. Without a terminal it is no. */
static gboolean
ask (IBBXmppTrustQuestion *question, GCancellable *cancellable)
{
  g_autofree char *shown = tool_text_make_printable (ibb_xmpp_trust_question_get_name (question));
  const char      *fingerprint = ibb_xmpp_trust_question_get_fingerprint (question);
  const char      *code = ibb_xmpp_trust_question_get_code (question);
  g_autofree char *text = NULL;

  if (ibb_xmpp_trust_question_get_changed (question))
    text = g_strdup_printf (
        /* Translators: an address, a fingerprint, and six digits */
        _ ("The key of %s is another one than before: another device, or somebody in between.\n"
           "SHA-256 %s\n"
           "Both ends show six digits:\n\n    %s\n\n"
           "Read them to each other. Are they the same? (yes/no) "),
        shown, fingerprint, code);
  else
    text = g_strdup_printf (
        /* Translators: an address, a fingerprint, and six digits */
        _ ("The key of %s is not known.\n"
           "SHA-256 %s\n"
           "Both ends show six digits:\n\n    %s\n\n"
           "Read them to each other. Are they the same? (yes/no) "),
        shown, fingerprint, code);
  return tool_terminal_confirm (text, cancellable);
}

/* In a thread of its own: the sessions with known peers go on meanwhile. The question may be
 * withdrawn, in the main thread, at the moment when this one ends. */
static gpointer
ask_thread (gpointer data)
{
  g_autoptr (IBBXmppTrustQuestion) question = data;
  g_autoptr (GCancellable)         cancellable = g_cancellable_new ();

  tool_source_cancel_at (question, "withdrawn", cancellable);
  if (ibb_xmpp_question_is_pending (IBB_XMPP_QUESTION (question)) && ask (question, cancellable))
    ibb_xmpp_trust_question_accept (question, IBB_XMPP_ANSWER_FLAGS_REMEMBER);
  return NULL;
}

/* Whether the user has named the keys that count: nobody is asked then. */
static gboolean
has_keys (const ToolOptions *options)
{
  return options->peer_fingerprint != NULL || options->peer_keys != NULL;
}

static gboolean
trust_cb (IBBXmppIdentity *identity, IBBXmppTrustQuestion *question)
{
  g_thread_unref (g_thread_new ("question", ask_thread, g_object_ref (question)));
  return TRUE;
}

/* This end trusts the other one, whose user is asked. */
static void
peer_asking_cb (IBBXmppIdentity *identity, const char *peer, const char *code)
{
  tool_output_note (_ ("“%s” does not know the key of this end and asks its user for six digits:"),
                    peer);
  tool_output_note ("    %s", code);
}

static void
broken_off_cb (IBBXmppIdentity *identity, const char *peer, guint count, guint pause)
{
  if (tool_run_is_stopping ())
    return;
  tool_output_note (
      /* Translators: an address, how many times, and a number of seconds */
      ngettext ("The comparison of digits with “%s” was broken off (%u time): somebody in between "
                "may be trying them out. The next comparison is possible in %u s",
                "The comparison of digits with “%s” was broken off (%u times): somebody in between "
                "may be trying them out. The next comparison is possible in %u s",
                count),
      peer, count, pause);
}

static void
waiting_cb (IBBXmppIdentity *identity, const char *peer, gint64 *next)
{
  gint64 now = g_get_monotonic_time ();

  if (now < *next)
    return;
  *next = now + WAITING_INTERVAL;
  tool_output_note (
      _ ("A session with “%s” waits until the question about another key is answered"), peer);
}

static void
free_time (gpointer time, GClosure *closure)
{
  g_free (time);
}

IBBXmppIdentity *
tool_secure_new_identity (const ToolOptions *options, GError **error)
{
  const char *const named[] = { options->peer_fingerprint, NULL };
  IBBXmppIdentity  *identity;

  if (!options->encrypt)
    return NULL;
  identity = ibb_xmpp_identity_load_or_create (NULL, error);
  if (identity == NULL)
    return NULL;
  if (options->peer_keys != NULL)
    tool_uri_name_keys (options->peer_keys, identity);
  else if (options->peer_fingerprint != NULL)
    ibb_xmpp_identity_set_peer_fingerprints (identity, NULL, named);
  g_signal_connect (identity, "broken-off", G_CALLBACK (broken_off_cb), NULL);
  /* Without a handler the peer learns that the answer is no before its own user is asked. */
  if (tool_terminal_exists ())
    g_signal_connect (identity, "trust-requested", G_CALLBACK (trust_cb), NULL);
  g_signal_connect (identity, "peer-asking", G_CALLBACK (peer_asking_cb), NULL);
  g_signal_connect_data (identity, "waiting", G_CALLBACK (waiting_cb), g_new0 (gint64, 1),
                         free_time, 0);
  return identity;
}

gboolean
tool_secure_check_peer (ToolRun *run, IBBConnection *connection, const char *peer, GError **error)
{
  g_auto (GStrv) features = NULL;
  GError        *reason = NULL;

  if (!tool_run_get_options (run)->encrypt)
    return TRUE;
  features =
      ibb_connection_query_features (connection, peer, tool_run_get_cancellable (run), &reason);
  if (features == NULL)
    {
      g_propagate_error (error, tool_jid_explain_answer (connection, peer, reason));
      return FALSE;
    }
  if (g_strv_contains ((const char *const *) features, TOOL_SECURE_FEATURE))
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
               g_strv_contains ((const char *const *) features, TOOL_SECURE_FILES_FEATURE)
                   ? _ ("“%s” takes encrypted files, and no stream, which needs “ibb receive "
                        "--encrypt --output” or “ibb listen --encrypt” there")
                   : _ ("“%s” takes no encrypted session: --encrypt has to be given there, too"),
               peer);
  return FALSE;
}

GError *
tool_secure_explain (const ToolOptions *options, const GError *reason)
{
  if (g_error_matches (reason, G_TLS_ERROR, G_TLS_ERROR_BAD_CERTIFICATE))
    return has_keys (options)
               ? g_error_new (
                     reason->domain, reason->code,
                     options->peer_keys != NULL
                         /* Translators: %s is a sentence about a key that is not trusted */
                         ? _ ("%s: it is another one than the URI names. Somebody may be in "
                              "between: compare it with what “ibb key” prints there")
                         /* Translators: %s is a sentence about a key that is not trusted */
                         : _ ("%s: it is another one than --peer-fingerprint names. Somebody may "
                              "be "
                              "in between: compare it with what “ibb key” prints there"),
                     reason->message)
               : g_error_new (reason->domain, reason->code,
                              /* Translators: %s is a sentence about a key that is not trusted */
                              _ ("%s: if “ibb key” prints the same there, name it with "
                                 "--peer-fingerprint; otherwise somebody may be in between"),
                              reason->message);
  if (g_error_matches (reason, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED))
    return g_error_new (reason->domain, reason->code,
                        options->peer_keys != NULL
                            /* Translators: %s is a sentence: the peer does not trust our key */
                            ? _ ("%s: give the other end the URI that “ibb key --uri” prints here")
                            /* Translators: %s is a sentence: the peer does not trust our key */
                            : _ ("%s: give the other end --peer-fingerprint with what “ibb key” "
                                 "prints here, or a terminal to ask on"),
                        reason->message);
  if (options->encrypt && g_error_matches (reason, IBB_ERROR, IBB_ERROR_FEATURE_NOT_IMPLEMENTED))
    return g_error_new (reason->domain, reason->code,
                        /* Translators: %s is a sentence: the peer takes no encrypted files */
                        _ ("%s: “ibb receive --encrypt --directory” takes them"), reason->message);
  if (g_error_matches (reason, G_TLS_ERROR, G_TLS_ERROR_NOT_TLS) ||
      g_error_matches (reason, G_TLS_ERROR, G_TLS_ERROR_HANDSHAKE) ||
      g_error_matches (reason, G_TLS_ERROR, G_TLS_ERROR_MISC)) /* not a record of TLS */
    return g_error_new (reason->domain, reason->code,
                        /* Translators: %s is a sentence: there is no encryption with the peer */
                        _ ("%s (--encrypt has to be given at both ends)"), reason->message);
  return g_error_copy (reason);
}

gboolean
tool_secure_begin (ToolRun *run, IBBTransport *transport, GError **error)
{
  const ToolOptions          *options = tool_run_get_options (run);
  g_autoptr (IBBXmppIdentity) identity = NULL;
  g_autoptr (GIOStream)       stream = NULL;
  g_autofree char            *peer = NULL;
  g_autofree char            *phase = NULL;
  g_autoptr (GError)          reason = NULL;

  if (!options->encrypt)
    return TRUE;
  peer = ibb_transport_dup_peer_jid (transport);
  phase = g_strdup_printf (_ ("encrypting the session with “%s”"), peer);
  tool_run_begin_phase (run, phase, TOOL_RUN_UNLIMITED);
  identity = tool_secure_new_identity (options, error);
  if (identity == NULL)
    return FALSE;
  stream = ibb_xmpp_identity_encrypt (identity, transport, tool_run_get_cancellable (run), &reason);
  if (stream == NULL)
    {
      g_propagate_error (error, tool_secure_explain (options, reason));
      return FALSE;
    }
  tool_secure_set_stream (transport, stream);
  if (!tool_output_is_json ())
    tool_output_note (_ ("The session with “%s” is private"), peer);
  return TRUE;
}

gssize
tool_secure_read (
    IBBTransport *transport, gpointer buffer, gsize size, GCancellable *cancellable, GError **error)
{
  GIOStream        *stream = tool_secure_get_stream (transport);
  GInputStream     *input = g_io_stream_get_input_stream (stream);
  g_auto (ToolCall) call = { NULL };

  if (IBB_IS_TRANSPORT (stream))
    return g_input_stream_read (input, buffer, size, cancellable, error);

  tool_call_begin (&call);
  g_input_stream_read_async (input, buffer, size, G_PRIORITY_DEFAULT, cancellable, tool_call_cb,
                             &call);
  return g_input_stream_read_finish (input, tool_call_join (&call), error);
}

gboolean
tool_secure_end_output (IBBTransport *transport, GCancellable *cancellable, GError **error)
{
  GIOStream *stream = tool_secure_get_stream (transport);

  if (IBB_IS_TRANSPORT (stream))
    return ibb_transport_shutdown_output (transport, cancellable, error);
  /* Nobody in between can make the end of TLS. The session still carries what tool_confirm ()
   * writes. */
  return g_output_stream_close (g_io_stream_get_output_stream (stream), cancellable, error);
}
