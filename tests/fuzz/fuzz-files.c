/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The negotiations of a file: each line of the input is the payload of a request of the peer's. One
 * Jingle session takes them all; its first byte says at which end it is. What the session sends is
 * XML, states never go back, and what was read keeps its bounds. */

#include "config.h"

#include "fuzz.h"

#include "files/protocol/initiation.h"
#include "files/protocol/jingle.h"

#include <ibb-glib/ibb-glib.h>
#include <string.h>

#define SIZE 1000

static IBBElement *
parse (const char *payload)
{
  return ibb_element_new_from_xml (payload, -1, NULL);
}

static void
check_metadata (IBBFilesMetadata *metadata)
{
  g_autofree char *name = ibb_files_metadata_dup_safe_name (metadata);

  g_assert (ibb_files_metadata_get_size (metadata) <= G_MAXINT64);
  g_assert (*name != '\0' && *name != '.' && strlen (name) <= 200);
  g_assert (strpbrk (name, "/\\\n") == NULL && g_utf8_validate (name, -1, NULL));
}

static void
check_requests (IBBJingle *jingle)
{
  char *request;

  while ((request = g_queue_pop_head (&jingle->requests)) != NULL)
    {
      g_autoptr (IBBElement) element = parse (request);

      g_assert (element != NULL);
      g_free (request);
    }
}

static void
initiate (const IBBElement *si)
{
  g_autofree char             *sid = NULL;
  const char                  *condition = NULL;
  const char                  *child = NULL;
  g_autoptr (IBBFilesMetadata) metadata = NULL;

  ibb_initiation_read_answer (si);
  if (!ibb_initiation_is_offer (si))
    return;
  metadata = ibb_initiation_read_offer (si, &sid, &condition, &child);
  g_assert ((metadata != NULL) == (sid != NULL));
  g_assert (metadata != NULL || condition != NULL);
  if (metadata != NULL)
    {
      g_autofree char       *offer = ibb_initiation_write_offer (sid, metadata);
      g_autoptr (IBBElement) again = parse (offer);

      check_metadata (metadata);
      g_assert (again != NULL && ibb_initiation_is_offer (again));
    }
}

static void
check_jingle (IBBJingle *self, IBBJingleState before)
{
  guint64 size = self->metadata != NULL ? ibb_files_metadata_get_size (self->metadata) : 0;

  g_assert (self->state >= before);
  g_assert (self->block_size <= 65535);
  g_assert (self->offset <= size);
  g_assert (!self->is_initiator || size == SIZE);
  g_assert (self->is_private == (self->metadata == NULL));
  if (self->metadata != NULL)
    check_metadata (self->metadata);
  check_requests (self);
}

/* The own end acts now and then, too. */
static void
act (IBBJingle *self, const IBBElement *payload)
{
  gsize length = strlen (ibb_element_get_name (payload));

  if (!self->is_initiator && self->state == IBB_JINGLE_OFFERED && length % 3 == 0)
    ibb_jingle_accept (self, 4096, 0);
  else if (length % 5 == 0)
    ibb_jingle_send_received (self);
  else if (length % 7 == 0)
    ibb_jingle_send_checksum (self, "sha-256", "aGFzaA==");
  else if (length % 11 == 0)
    ibb_jingle_terminate (self, IBB_REASON_CANCEL, ibb_element_get_text (payload));
}

static void
take (IBBJingle **jingle, const IBBElement *element)
{
  IBBJingleRefusal refusal = { NULL, NULL, NULL };
  IBBJingleState   before = *jingle != NULL ? (*jingle)->state : IBB_JINGLE_OFFERED;
  gboolean         is_taken;

  if (*jingle != NULL)
    {
      is_taken = ibb_jingle_receive (*jingle, element, &refusal);
      act (*jingle, element);
    }
  else
    {
      if (!ibb_jingle_is_offer (element))
        return;
      *jingle = ibb_jingle_new_from_offer (element, "j@c/b", &refusal);
      is_taken = *jingle != NULL;
    }
  g_assert (is_taken == (refusal.condition == NULL));
  if (*jingle != NULL)
    check_jingle (*jingle, before);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autofree char      *text = g_strndup ((const char *) data, size);
  g_auto (GStrv)        lines = g_strsplit (text, "\n", 100);
  g_autoptr (IBBJingle) jingle = NULL;

  if (lines[0] != NULL && lines[0][0] == 'S')
    {
      g_autoptr (IBBFilesMetadata) metadata = ibb_files_metadata_new ("a", SIZE);

      jingle = ibb_jingle_new_offer ("r@m/o", "s1", "t1", 8192, metadata, TRUE, NULL);
      check_requests (jingle);
    }
  for (guint i = 0; lines[i] != NULL; i++)
    {
      g_autoptr (IBBElement) element = parse (lines[i][0] == 'S' ? lines[i] + 1 : lines[i]);

      if (element != NULL && g_str_equal (ibb_element_get_name (element), "si"))
        initiate (element);
      else if (element != NULL)
        take (&jingle, element);
    }
  return 0;
}
