/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "files/protocol/reason.h"

#include "ibb-foreign-text-private.h"
#include "ibb-intl-private.h"

/* The folder or the file cannot be used. */
static gboolean
is_of_disk (const GError *error)
{
  return g_error_matches (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED) ||
         g_error_matches (error, G_IO_ERROR, G_IO_ERROR_READ_ONLY) ||
         g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND) ||
         g_error_matches (error, G_IO_ERROR, G_IO_ERROR_FILENAME_TOO_LONG);
}

const char *
ibb_reason_from_error (const GError     *error,
                       IBBFilesDirection direction,
                       gboolean          is_offered,
                       const char      **text)
{
  gboolean is_receiver = direction == IBB_FILES_DIRECTION_RECEIVE;

  *text = NULL;
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return "cancel";
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
    return "timeout";
  if (g_error_matches (error, IBB_ERROR, IBB_ERROR_NOT_ACCEPTABLE))
    return "media-error";
  if (g_error_matches (error, IBB_ERROR, IBB_ERROR_SERVICE_UNAVAILABLE))
    return "gone";
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED))
    return "connectivity-error";
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE))
    *text = "The disk is full";
  else if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CLOSED)) /* the session, by this end */
    *text = "The program was stopped";
  else if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_EXISTS))
    *text = "There is a file of this name already";
  else if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WRONG_ETAG) ||
           (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_PARTIAL_INPUT) && !is_receiver))
    *text = "The file changed while it was being sent";
  else if (g_error_matches (error, IBB_ERROR, IBB_ERROR_PROTOCOL) && is_receiver)
    *text = "More bytes came than were offered";
  else if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TOO_MANY_OPEN_FILES))
    *text = "Too many files are open";
  else if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_BUSY))
    *text = "The file is being received already";
  else if (g_error_matches (error, IBB_ERROR, IBB_ERROR_CONFLICT))
    *text = "The same was offered again";
  else if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_DIRECTORY) && is_receiver)
    *text = "A file or a link is in the way of a folder";
  else if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_IS_DIRECTORY) && is_receiver)
    *text = "A folder is in the way of the file";
  else if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_INVALID_FILENAME))
    *text = "The name cannot be used";
  else if (is_of_disk (error))
    *text = is_receiver ? "The file cannot be written" : "The file cannot be read";
  return is_receiver && is_offered ? "decline" : "failed-application";
}

static GError *
new_error (const char       *reason,
           const char       *peer_jid,
           IBBFilesDirection direction,
           gboolean          is_offered)
{
  static const char *const failed[] = { "failed-application", "general-error", NULL };
  static const char *const lost[] = { "failed-transport", "connectivity-error", "gone", NULL };
  static const char *const late[] = { "timeout", "expired", NULL };
  static const char *const unable[] = { "incompatible-parameters", "unsupported-applications",
                                        "unsupported-transports", "security-error", NULL };
  gboolean                 is_sender = direction == IBB_FILES_DIRECTION_SEND;
  gboolean                 is_cancel = g_str_equal (reason, "cancel");

  /* Gajim declines by cancel, too. */
  if (is_sender && (g_str_equal (reason, "decline") || (is_offered && is_cancel)))
    return g_error_new (IBB_ERROR, IBB_ERROR_FORBIDDEN, _ ("“%s” has refused the file"), peer_jid);
  if (is_cancel)
    return g_error_new (IBB_ERROR, IBB_ERROR_GONE, _ ("“%s” has cancelled the transfer"), peer_jid);
  if (is_sender && g_str_equal (reason, "media-error"))
    return g_error_new (IBB_ERROR, IBB_ERROR_NOT_ACCEPTABLE,
                        _ ("The bytes that “%s” received are not those of the file"), peer_jid);
  if (g_strv_contains (late, reason))
    return g_error_new (G_IO_ERROR, G_IO_ERROR_TIMED_OUT, _ ("“%s” did not wait any longer"),
                        peer_jid);
  if (g_str_equal (reason, "busy"))
    return g_error_new (IBB_ERROR, IBB_ERROR_FAILED, _ ("“%s” is busy: try again later"), peer_jid);
  if (g_str_equal (reason, "success"))
    return g_error_new (IBB_ERROR, IBB_ERROR_FAILED,
                        _ ("“%s” has ended the transfer before the file was complete"), peer_jid);
  if (g_strv_contains (lost, reason))
    return g_error_new (IBB_ERROR, IBB_ERROR_FAILED, _ ("“%s” has lost the transfer"), peer_jid);
  if (is_sender && g_strv_contains (failed, reason))
    return g_error_new (IBB_ERROR, IBB_ERROR_FAILED, _ ("“%s” could not receive the file"),
                        peer_jid);
  if (is_sender && g_strv_contains (unable, reason))
    return g_error_new (IBB_ERROR, IBB_ERROR_FAILED,
                        _ ("“%s” does not take files in the way that was offered"), peer_jid);
  if (g_strv_contains (failed, reason))
    return g_error_new (IBB_ERROR, IBB_ERROR_FAILED, _ ("“%s” could not send the whole file"),
                        peer_jid);
  return g_error_new (IBB_ERROR, IBB_ERROR_FAILED,
                      /* Translators: the second %s is a word of the protocol */
                      _ ("“%s” has ended the transfer (%s)"), peer_jid, reason);
}

GError *
ibb_reason_to_error (const char       *reason,
                     const char       *text,
                     const char       *peer_jid,
                     IBBFilesDirection direction,
                     gboolean          is_offered)
{
  GError          *error = new_error (reason, peer_jid, direction, is_offered);
  g_autofree char *quotation = ibb_foreign_text_dup_quotation (text);
  char            *message;

  if (quotation == NULL || g_str_equal (quotation, "“”"))
    return error;
  /* Translators: the first %s is a sentence, the second a quotation of the peer */
  message = g_strdup_printf (_ ("%s; it says %s"), error->message, quotation);
  g_free (error->message);
  error->message = message;
  return error;
}
