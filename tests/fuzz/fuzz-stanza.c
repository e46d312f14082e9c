/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Any XML is refused, or becomes a stanza that can be written, read again as the same thing, and
 * then does not change any more. */

#include "config.h"

#include "fuzz.h"

#include "core/base/stanza.h"
#include "ibb-stanza.h"

#include <string.h>

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (GError)    error = NULL;
  g_autofree char      *xml = g_memdup2 (data, size);
  g_autoptr (IBBStanza) stanza =
      ibb_stanza_new_from_xml (xml != NULL ? xml : "", (gssize) size, &error);
  g_autoptr (IBBStanza)  second = NULL;
  g_autoptr (IBBStanza)  third = NULL;
  g_autoptr (IBBElement) element = NULL;
  g_autoptr (IBBElement) any =
      ibb_element_new_from_xml (xml != NULL ? xml : "", (gssize) size, NULL);
  g_autofree char *once = NULL;
  g_autofree char *twice = NULL;
  g_autofree char *thrice = NULL;

  if (stanza == NULL)
    {
      g_assert (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA));
      return 0;
    }

  g_assert (error == NULL);
  g_assert (any == NULL || strcmp (ibb_element_get_name (any), ibb_stanza_get_name (stanza)) == 0);
  g_assert (stanza->bytes == NULL || stanza->payload == IBB_PAYLOAD_DATA);
  g_assert (stanza->bytes == NULL || stanza->base64 != IBB_BASE64_INVALID);
  g_assert (stanza->text == NULL || strlen (stanza->text) <= IBB_ERROR_TEXT_MAX_LENGTH);

  /* Callers of ibb_stanza_dup_element () need not check for NULL. */
  element = ibb_stanza_dup_element (stanza);
  g_assert (element != NULL);
  g_assert (strcmp (ibb_element_get_name (element), ibb_stanza_get_name (stanza)) == 0);

  once = ibb_stanza_to_xml (stanza);
  second = ibb_stanza_new_from_xml (once, -1, NULL);
  g_assert (second != NULL);
  g_assert (second->name == stanza->name);
  g_assert (second->payload == stanza->payload);
  g_assert (g_strcmp0 (second->id, stanza->id) == 0);
  g_assert (g_strcmp0 (second->from, stanza->from) == 0);
  g_assert (g_strcmp0 (second->to, stanza->to) == 0);
  g_assert (g_strcmp0 (second->sid, stanza->sid) == 0 || stanza->payload == IBB_PAYLOAD_UNKNOWN);
  g_assert (g_strcmp0 (second->text, stanza->text) == 0);
  g_assert (second->condition == stanza->condition);
  g_assert (second->asks_room == stanza->asks_room || stanza->payload != IBB_PAYLOAD_DATA);
  g_assert (second->tells_room == stanza->tells_room);
  g_assert (!stanza->tells_room ||
            (second->room == stanza->room && second->delay == stanza->delay));
  g_assert (g_strcmp0 (second->secret, stanza->secret) == 0);
  g_assert (second->long_block_size == stanza->long_block_size);
  g_assert (second->is_resumable == stanza->is_resumable);
  /* A malformed position may become valid when it is written: only a valid one is compared. */
  g_assert (!stanza->has_position ||
            (second->has_position && second->count == stanza->count &&
             second->received == stanza->received && second->acknowledged == stanza->acknowledged &&
             second->has_ended == stanza->has_ended && second->unclean == stanza->unclean &&
             g_strcmp0 (second->proof, stanza->proof) == 0));
  g_assert (stanza->bytes == NULL || g_bytes_equal (second->bytes, stanza->bytes));

  twice = ibb_stanza_to_xml (second);
  third = ibb_stanza_new_from_xml (twice, -1, NULL);
  g_assert (third != NULL);
  thrice = ibb_stanza_to_xml (third);
  g_assert (strcmp (twice, thrice) == 0);

  return 0;
}
