/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "files/protocol/reason.h"

#include "base/foreign-text.h"
#include "base/intl.h"

static const char *const words[] = {
  [IBB_REASON_NONE] = "",
  [IBB_REASON_BUSY] = "busy",
  [IBB_REASON_CANCEL] = "cancel",
  [IBB_REASON_CONNECTIVITY_ERROR] = "connectivity-error",
  [IBB_REASON_DECLINE] = "decline",
  [IBB_REASON_EXPIRED] = "expired",
  [IBB_REASON_FAILED_APPLICATION] = "failed-application",
  [IBB_REASON_FAILED_TRANSPORT] = "failed-transport",
  [IBB_REASON_GENERAL_ERROR] = "general-error",
  [IBB_REASON_GONE] = "gone",
  [IBB_REASON_INCOMPATIBLE_PARAMETERS] = "incompatible-parameters",
  [IBB_REASON_MEDIA_ERROR] = "media-error",
  [IBB_REASON_SECURITY_ERROR] = "security-error",
  [IBB_REASON_SUCCESS] = "success",
  [IBB_REASON_TIMEOUT] = "timeout",
  [IBB_REASON_UNSUPPORTED_APPLICATIONS] = "unsupported-applications",
  [IBB_REASON_UNSUPPORTED_TRANSPORTS] = "unsupported-transports",
};

const char *
ibb_reason_get_word (IBBReason reason)
{
  return words[reason];
}

gboolean
ibb_reason_is (const char *word, IBBReason reason)
{
  return g_strcmp0 (word, words[reason]) == 0;
}

static IBBReason
find (const char *word)
{
  IBBReason reason = G_N_ELEMENTS (words) - 1;

  while (reason != IBB_REASON_NONE && !ibb_reason_is (word, reason))
    reason--;
  return reason;
}

/* The folder or the file cannot be used: the codes of ibb_disk_error_get_code () that say nothing
 * else of this end. */
static gboolean
is_of_disk (const GError *error)
{
  static const int codes[] = {
    G_IO_ERROR_PERMISSION_DENIED, G_IO_ERROR_READ_ONLY,     G_IO_ERROR_NOT_FOUND,
    G_IO_ERROR_FILENAME_TOO_LONG, G_IO_ERROR_NOT_DIRECTORY, G_IO_ERROR_IS_DIRECTORY,
    G_IO_ERROR_NO_SPACE,          G_IO_ERROR_BUSY,          G_IO_ERROR_FAILED,
  };

  for (guint i = 0; i < G_N_ELEMENTS (codes); i++)
    if (g_error_matches (error, G_IO_ERROR, codes[i]))
      return TRUE;
  return FALSE;
}

IBBReason
ibb_reason_from_error (const GError     *error,
                       IBBFilesDirection direction,
                       gboolean          is_offered,
                       const char      **text)
{
  gboolean is_receiver = direction == IBB_FILES_DIRECTION_RECEIVE;

  *text = NULL;
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED) ||
      g_error_matches (error, IBB_ERROR, IBB_ERROR_GONE)) /* by the peer */
    return IBB_REASON_CANCEL;
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
    return IBB_REASON_TIMEOUT;
  if (g_error_matches (error, IBB_ERROR, IBB_ERROR_NOT_ACCEPTABLE))
    return IBB_REASON_MEDIA_ERROR;
  if (g_error_matches (error, IBB_ERROR, IBB_ERROR_SERVICE_UNAVAILABLE))
    return IBB_REASON_GONE;
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED))
    return IBB_REASON_CONNECTIVITY_ERROR;
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE) && is_receiver)
    *text = "The disk is full";
  else if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CLOSED)) /* the session, by this end */
    *text = "The program was stopped";
  else if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_EXISTS) && is_receiver)
    *text = "There is a file of this name already";
  else if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WRONG_ETAG) ||
           (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_PARTIAL_INPUT) && !is_receiver))
    *text = "The file changed while it was being sent";
  else if (g_error_matches (error, IBB_ERROR, IBB_ERROR_PROTOCOL) && is_receiver)
    *text = "More bytes came than were offered";
  else if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TOO_MANY_OPEN_FILES))
    *text = "Too many files are open";
  else if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_BUSY) && is_receiver)
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
  return is_receiver && is_offered ? IBB_REASON_DECLINE : IBB_REASON_FAILED_APPLICATION;
}

static GError *
new_error (const char *word, const char *peer_jid, IBBFilesDirection direction, gboolean is_offered)
{
  IBBReason reason = find (word);
  gboolean  is_sender = direction == IBB_FILES_DIRECTION_SEND;

  /* Gajim declines by cancel, too. */
  if (is_sender && (reason == IBB_REASON_DECLINE || (is_offered && reason == IBB_REASON_CANCEL)))
    return g_error_new (IBB_ERROR, IBB_ERROR_FORBIDDEN, _ ("“%s” has refused the file"), peer_jid);
  switch (reason)
    {
    case IBB_REASON_CANCEL:
      return g_error_new (IBB_ERROR, IBB_ERROR_GONE, _ ("“%s” has cancelled the transfer"),
                          peer_jid);
    case IBB_REASON_MEDIA_ERROR:
      if (is_sender)
        return g_error_new (IBB_ERROR, IBB_ERROR_NOT_ACCEPTABLE,
                            _ ("The bytes that “%s” received are not those of the file"), peer_jid);
      break;
    case IBB_REASON_TIMEOUT:
    case IBB_REASON_EXPIRED:
      return g_error_new (G_IO_ERROR, G_IO_ERROR_TIMED_OUT, _ ("“%s” did not wait any longer"),
                          peer_jid);
    case IBB_REASON_BUSY:
      return g_error_new (IBB_ERROR, IBB_ERROR_FAILED, _ ("“%s” is busy: try again later"),
                          peer_jid);
    case IBB_REASON_SUCCESS:
      return g_error_new (IBB_ERROR, IBB_ERROR_FAILED,
                          _ ("“%s” has ended the transfer before the file was complete"), peer_jid);
    case IBB_REASON_FAILED_TRANSPORT:
    case IBB_REASON_CONNECTIVITY_ERROR:
    case IBB_REASON_GONE:
      return g_error_new (IBB_ERROR, IBB_ERROR_FAILED, _ ("“%s” has lost the transfer"), peer_jid);
    case IBB_REASON_FAILED_APPLICATION:
    case IBB_REASON_GENERAL_ERROR:
      return g_error_new (IBB_ERROR, IBB_ERROR_FAILED,
                          is_sender ? _ ("“%s” could not receive the file")
                                    : _ ("“%s” could not send the whole file"),
                          peer_jid);
    case IBB_REASON_INCOMPATIBLE_PARAMETERS:
    case IBB_REASON_UNSUPPORTED_APPLICATIONS:
    case IBB_REASON_UNSUPPORTED_TRANSPORTS:
    case IBB_REASON_SECURITY_ERROR:
      if (is_sender)
        return g_error_new (IBB_ERROR, IBB_ERROR_FAILED,
                            _ ("“%s” does not take files in the way that was offered"), peer_jid);
      break;
    default:
      break;
    }
  return g_error_new (IBB_ERROR, IBB_ERROR_FAILED,
                      /* Translators: the second %s is a word of the protocol */
                      _ ("“%s” has ended the transfer (%s)"), peer_jid, word);
}

GError *
ibb_reason_to_error (const char       *word,
                     const char       *text,
                     const char       *peer_jid,
                     IBBFilesDirection direction,
                     gboolean          is_offered)
{
  GError          *error = new_error (word, peer_jid, direction, is_offered);
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
