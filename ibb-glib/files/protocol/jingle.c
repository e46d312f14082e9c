/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "files/protocol/jingle.h"

#include "base/foreign-text.h"
#include "files/disk/hasher.h"
#include "files/protocol/bundle.h"
#include "files/protocol/description.h"
#include "files/protocol/offer.h"

#include <string.h>

#define BLOCK_SIZE_MAX 65535 /* XEP-0047 §2.1 */
#define NAME_MAX_LENGTH 1024 /* bytes of a sid or a name that is sent back */
#define REPLACES_MAX 10      /* how often the peer is told that no transport takes the place */

static const IBBJingleRefusal bad_request = { "modify", "bad-request", NULL };
static const IBBJingleRefusal out_of_order = { "wait", "unexpected-request", "out-of-order" };
static const IBBJingleRefusal unsupported_info = { "modify", "feature-not-implemented",
                                                   "unsupported-info" };
static const IBBJingleRefusal exhausted = { "wait", "resource-constraint", NULL };
static const IBBJingleRefusal unsupported = { "cancel", "feature-not-implemented", NULL };

/* Writing. */

static GString *
begin (IBBJingle *self, const char *action)
{
  g_autofree char *head = g_markup_printf_escaped (
      "<jingle xmlns='" IBB_JINGLE_NAMESPACE "' action='%s' sid='%s'", action, self->sid);
  GString *xml = g_string_new (head);

  if (self->local_jid != NULL &&
      (g_str_equal (action, "session-initiate") || g_str_equal (action, "session-accept")))
    {
      g_autofree char *who = g_markup_printf_escaped (
          " %s='%s'", self->is_initiator ? "initiator" : "responder", self->local_jid);

      g_string_append (xml, who);
    }
  g_string_append_c (xml, '>');
  return xml;
}

static char *
finish (GString *xml)
{
  g_string_append (xml, "</jingle>");
  return g_string_free (xml, FALSE);
}

static void
end (IBBJingle *self, GString *xml)
{
  g_queue_push_tail (&self->requests, finish (xml));
}

char *
ibb_jingle_dup_ping (IBBJingle *self)
{
  return finish (begin (self, "session-info"));
}

static void
append_content_start (IBBJingle *self, GString *xml)
{
  g_autofree char *start = g_markup_printf_escaped (
      "<content creator='%s' name='%s' senders='initiator'>", self->creator, self->content);

  g_string_append (xml, start);
}

/* The promise of a hash is part of the offer only. */
static void
append_content (IBBJingle *self, GString *xml)
{
  g_autofree char *transport = g_markup_printf_escaped (
      "<transport xmlns='" IBB_JINGLE_TRANSPORT_NAMESPACE "' sid='%s' block-size='%u'/>",
      self->transport_sid, self->block_size);

  append_content_start (self, xml);
  if (self->is_bundle)
    {
      g_autoptr (GString) file = self->is_initiator && self->metadata != NULL
                                     ? ibb_offer_write (self->metadata)
                                     : g_string_new (NULL);

      g_string_append_printf (xml, "<description xmlns='%s'>%s</description>",
                              self->is_private ? IBB_BUNDLE_NAMESPACE : IBB_BUNDLE_PLAIN_NAMESPACE,
                              file->str);
      g_string_append (xml, transport);
      g_string_append (xml, "</content>");
      return;
    }
  g_string_append (xml, "<description xmlns='" IBB_DESCRIPTION_NAMESPACE "'><file>");
  ibb_description_write (xml, self->metadata, self->is_initiator && self->takes_range,
                         self->offset);
  if (self->is_initiator)
    g_string_append (xml, "<hash-used xmlns='" IBB_DESCRIPTION_HASHES_NAMESPACE
                          "' algo='" IBB_HASHER_DEFAULT "'/>");
  g_string_append (xml, "</file></description>");
  g_string_append (xml, transport);
  g_string_append (xml, "</content>");
}

/* A session-info about the file. */
static GString *
begin_info (IBBJingle *self, const char *name)
{
  GString         *xml = begin (self, "session-info");
  g_autofree char *element =
      g_markup_printf_escaped ("<%s xmlns='" IBB_DESCRIPTION_NAMESPACE "' creator='%s' name='%s'>",
                               name, self->creator, self->content);

  g_string_append (xml, element);
  return xml;
}

IBBJingle *
ibb_jingle_new_offer (const char       *local_jid,
                      const char       *sid,
                      const char       *transport_sid,
                      guint             block_size,
                      IBBFilesMetadata *metadata,
                      gboolean          takes_range,
                      const char       *bundle)
{
  IBBJingle *self = g_new0 (IBBJingle, 1);
  GString   *xml;

  self->is_initiator = TRUE;
  self->sid = g_strdup (sid);
  self->local_jid = g_strdup (local_jid);
  self->creator = g_strdup ("initiator");
  self->content = g_strdup ("file");
  self->transport_sid = g_strdup (transport_sid);
  self->block_size = block_size;
  self->is_bundle = bundle != NULL;
  self->is_private = g_strcmp0 (bundle, IBB_BUNDLE_NAMESPACE) == 0;
  if (metadata != NULL)
    self->metadata = g_object_ref (metadata);
  self->takes_range = takes_range;
  g_queue_init (&self->requests);
  xml = begin (self, "session-initiate");
  append_content (self, xml);
  end (self, xml);
  return self;
}

void
ibb_jingle_free (IBBJingle *self)
{
  g_free (self->sid);
  g_free (self->local_jid);
  g_free (self->creator);
  g_free (self->content);
  g_free (self->transport_sid);
  g_clear_object (&self->metadata);
  g_clear_object (&self->range);
  g_free (self->reason);
  g_free (self->reason_text);
  g_queue_clear_full (&self->requests, g_free);
  g_free (self);
}

void
ibb_jingle_accept (IBBJingle *self, guint block_size, guint64 offset)
{
  GString *xml;

  g_return_if_fail (!self->is_initiator && self->state == IBB_JINGLE_OFFERED);

  self->state = IBB_JINGLE_ACCEPTED;
  self->block_size = MIN (self->block_size, block_size);
  self->offset = offset;
  xml = begin (self, "session-accept");
  append_content (self, xml);
  end (self, xml);
}

void
ibb_jingle_send_checksum (IBBJingle *self, const char *algorithm, const char *hash)
{
  GString *xml;

  if (self->state == IBB_JINGLE_ENDED)
    return;
  xml = begin_info (self, "checksum");
  g_string_append_printf (xml,
                          "<file><hash xmlns='" IBB_DESCRIPTION_HASHES_NAMESPACE
                          "' algo='%s'>%s</hash></file>"
                          "</checksum>",
                          algorithm, hash);
  end (self, xml);
}

void
ibb_jingle_send_received (IBBJingle *self)
{
  GString *xml;

  if (self->state == IBB_JINGLE_ENDED)
    return;
  xml = begin_info (self, "received");
  g_string_append (xml, "</received>");
  end (self, xml);
}

void
ibb_jingle_terminate (IBBJingle *self, IBBReason reason, const char *text)
{
  GString *xml;

  if (self->state == IBB_JINGLE_ENDED)
    return;
  self->state = IBB_JINGLE_ENDED;
  xml = begin (self, "session-terminate");
  g_string_append_printf (xml, "<reason><%s/>", ibb_reason_get_word (reason));
  ibb_description_write_text (xml, "text", text);
  g_string_append (xml, "</reason>");
  end (self, xml);
}

/* Reading. */

static IBBElement *
get_content (const IBBElement *jingle)
{
  return ibb_element_get_child (jingle, "content", IBB_JINGLE_NAMESPACE);
}

static IBBElement *
get_bundle_description (const IBBElement *content, gboolean *is_private)
{
  IBBElement *found =
      content != NULL ? ibb_element_get_child (content, "description", IBB_BUNDLE_NAMESPACE) : NULL;

  *is_private = found != NULL;
  if (found == NULL && content != NULL)
    found = ibb_element_get_child (content, "description", IBB_BUNDLE_PLAIN_NAMESPACE);
  return found;
}

static IBBElement *
get_description (const IBBElement *content)
{
  gboolean    is_private;
  IBBElement *found = get_bundle_description (content, &is_private);

  if (found == NULL && content != NULL)
    found = ibb_element_get_child (content, "description", IBB_DESCRIPTION_NAMESPACE);
  return found;
}

static IBBElement *
get_transport (const IBBElement *content)
{
  return ibb_element_get_child (content, "transport", IBB_JINGLE_TRANSPORT_NAMESPACE);
}

static guint
count_contents (const IBBElement *jingle)
{
  g_autoptr (GPtrArray) children = ibb_element_list_children (jingle);
  guint                 n = 0;

  for (guint i = 0; i < children->len; i++)
    n += g_str_equal (ibb_element_get_name (g_ptr_array_index (children, i)), "content");
  return n;
}

/* A text that is kept and sent back. */
static gboolean
is_name (const char *text)
{
  gsize length = text != NULL ? strlen (text) : 0;

  return length > 0 && length <= NAME_MAX_LENGTH;
}

gboolean
ibb_jingle_is_offer (const IBBElement *jingle)
{
  return g_strcmp0 (ibb_element_get_attribute (jingle, "action"), "session-initiate") == 0 &&
         get_description (get_content (jingle)) != NULL;
}

/* FALSE: not a transport. A peer may not raise the block size, and Gajim does: the smaller counts.
 */
static gboolean
read_block_size (IBBJingle *self, const IBBElement *transport)
{
  const char *text = ibb_element_get_attribute (transport, "block-size");
  guint64     block_size;

  if (text == NULL)
    return self->block_size > 0;
  if (!ibb_description_read_number (text, &block_size) || block_size == 0)
    return FALSE;
  block_size = MIN (block_size, BLOCK_SIZE_MAX);
  if (self->block_size == 0 || block_size < self->block_size)
    self->block_size = (guint) block_size;
  return TRUE;
}

/* The hash by a function that is not known here will be ignored. */
static const char *
find_promised (const IBBElement *file)
{
  IBBElement *used = ibb_element_get_child (file, "hash-used", IBB_DESCRIPTION_HASHES_NAMESPACE);
  const char *algorithm = used != NULL ? ibb_element_get_attribute (used, "algo") : NULL;
  g_autoptr (IBBHasher) hasher = algorithm != NULL ? ibb_hasher_new (algorithm) : NULL;

  if (hasher != NULL)
    return ibb_hasher_get_algorithm (hasher);
  return used != NULL ? IBB_HASHER_DEFAULT : NULL;
}

static gboolean
read_file (IBBJingle *self, const IBBElement *file)
{
  self->metadata = ibb_description_read (file, &self->takes_range, &self->offset);
  self->promised = find_promised (file);
  if (self->metadata == NULL || self->offset > 0)
    return FALSE;
  self->lacks_size = ibb_element_get_child (file, "size", IBB_DESCRIPTION_NAMESPACE) == NULL &&
                     !ibb_description_is_empty (self->metadata);
  return TRUE;
}

/* Whether the offer has what every one has; fills in what was read. */
static gboolean
read_offer (IBBJingle *self, const IBBElement *content, const IBBElement *transport)
{
  const IBBElement *description = get_description (content);
  const IBBElement *file = ibb_element_get_child (description, "file", IBB_DESCRIPTION_NAMESPACE);
  const char       *name = ibb_element_get_attribute (content, "name");
  const char       *creator = ibb_element_get_attribute (content, "creator");

  self->is_bundle = get_bundle_description (content, &self->is_private) != NULL;
  if (!is_name (name) || (creator != NULL && !is_name (creator)) ||
      (!self->is_bundle && (file == NULL || !read_file (self, file))))
    return FALSE;
  /* The servers would read what is private. */
  if (self->is_private && file != NULL)
    return FALSE;
  if (self->is_bundle && file != NULL)
    {
      self->metadata = ibb_offer_read_element (file);
      if (self->metadata == NULL)
        return FALSE;
    }
  self->content = g_strdup (name);
  self->creator = g_strdup (creator != NULL ? creator : "initiator");
  if (transport == NULL)
    return TRUE;
  self->transport_sid = g_strdup (ibb_element_get_attribute (transport, "sid"));
  return is_name (self->transport_sid) && read_block_size (self, transport);
}

/* Why the offer cannot be taken. */
static IBBReason
get_obstacle (IBBJingle        *self,
              const IBBElement *jingle,
              const IBBElement *content,
              const char      **text)
{
  const char *senders = ibb_element_get_attribute (content, "senders");

  /* Encryption that is not understood must not be taken for plain (XEP-0391). */
  if (ibb_element_get_child (content, "security", NULL) != NULL)
    return IBB_REASON_SECURITY_ERROR;
  if (get_description (content) == NULL || count_contents (jingle) > 1 ||
      (senders != NULL && !g_str_equal (senders, "initiator")))
    return IBB_REASON_UNSUPPORTED_APPLICATIONS;
  if (get_transport (content) == NULL)
    return IBB_REASON_UNSUPPORTED_TRANSPORTS;
  /* The end of the session does not tell a whole file from a part of one. */
  if (self->lacks_size)
    {
      *text = "The offer does not say the size of the file";
      return IBB_REASON_INCOMPATIBLE_PARAMETERS;
    }
  return IBB_REASON_NONE;
}

IBBJingle *
ibb_jingle_new_from_offer (const IBBElement *jingle,
                           const char       *local_jid,
                           IBBJingleRefusal *refusal)
{
  g_autoptr (IBBJingle) self = g_new0 (IBBJingle, 1);
  const IBBElement     *content = get_content (jingle);
  IBBReason             obstacle;
  const char           *text = NULL;

  g_queue_init (&self->requests);
  self->sid = g_strdup (ibb_element_get_attribute (jingle, "sid"));
  self->local_jid = g_strdup (local_jid);
  if (!is_name (self->sid) || content == NULL ||
      (get_description (content) != NULL && !read_offer (self, content, get_transport (content))))
    {
      *refusal = bad_request;
      return NULL;
    }
  obstacle = get_obstacle (self, jingle, content, &text);
  if (obstacle != IBB_REASON_NONE)
    ibb_jingle_terminate (self, obstacle, text);
  return g_steal_pointer (&self);
}

/* Why an accept is not one of what was offered. */
static IBBReason
read_accept (IBBJingle *self, const IBBElement *content)
{
  const IBBElement            *transport = content != NULL ? get_transport (content) : NULL;
  const IBBElement            *description = get_description (content);
  const IBBElement            *file = NULL;
  g_autoptr (IBBFilesMetadata) described = NULL;
  gboolean                     takes_range;
  guint64                      offset = 0;

  if (transport == NULL)
    return IBB_REASON_UNSUPPORTED_TRANSPORTS;
  if (!read_block_size (self, transport))
    return IBB_REASON_INCOMPATIBLE_PARAMETERS;
  if (description != NULL && !self->is_bundle)
    file = ibb_element_get_child (description, "file", IBB_DESCRIPTION_NAMESPACE);
  if (file != NULL)
    described = ibb_description_read (file, &takes_range, &offset);
  if ((file != NULL && described == NULL) || (offset > 0 && !self->takes_range) ||
      (offset > 0 && offset > ibb_files_metadata_get_size (self->metadata)))
    return IBB_REASON_INCOMPATIBLE_PARAMETERS;
  self->offset = offset;
  return IBB_REASON_NONE;
}

static gboolean
receive_accept (IBBJingle *self, const IBBElement *jingle, IBBJingleRefusal *refusal)
{
  IBBReason mistake;

  if (!self->is_initiator || self->state != IBB_JINGLE_OFFERED)
    {
      *refusal = out_of_order;
      return FALSE;
    }
  mistake = read_accept (self, get_content (jingle));
  if (mistake != IBB_REASON_NONE)
    {
      self->is_misaccepted = TRUE;
      ibb_jingle_terminate (self, mistake, NULL);
      *refusal = bad_request;
      return FALSE;
    }
  self->state = IBB_JINGLE_ACCEPTED;
  return TRUE;
}

static void
receive_terminate (IBBJingle *self, const IBBElement *jingle)
{
  const IBBElement     *reason = ibb_element_get_child (jingle, "reason", IBB_JINGLE_NAMESPACE);
  g_autoptr (GPtrArray) children = reason != NULL ? ibb_element_list_children (reason) : NULL;

  self->state = IBB_JINGLE_ENDED;
  for (guint i = 0; children != NULL && i < children->len; i++)
    {
      const IBBElement *child = g_ptr_array_index (children, i);
      const char       *name = ibb_element_get_name (child);

      if (g_str_equal (name, "text") && self->reason_text == NULL)
        self->reason_text = ibb_foreign_text_dup (ibb_element_get_text (child));
      else if (!g_str_equal (name, "text") && self->reason == NULL && strlen (name) < 100)
        self->reason = g_strdup (name);
    }
  if (self->reason == NULL)
    self->reason = g_strdup (ibb_reason_get_word (IBB_REASON_GONE));
}

/* XEP-0234 §8.2: the hash may be that of the range that was asked for. */
static gboolean
read_range (IBBJingle *self, const IBBElement *file)
{
  const IBBElement *range = ibb_element_get_child (file, "range", IBB_DESCRIPTION_NAMESPACE);
  const char *offset_text = range != NULL ? ibb_element_get_attribute (range, "offset") : NULL;
  const char *length_text = range != NULL ? ibb_element_get_attribute (range, "length") : NULL;
  guint64     left = ibb_files_metadata_get_size (self->metadata) - self->offset;
  guint64     offset = 0;
  guint64     length = left;

  if (range == NULL ||
      (offset_text != NULL && !ibb_description_read_number (offset_text, &offset)) ||
      (length_text != NULL && !ibb_description_read_number (length_text, &length)) ||
      offset != self->offset || length != left)
    return FALSE;
  if (offset == 0)
    return ibb_description_read_hashes (range, self->metadata);
  if (self->range == NULL)
    self->range = ibb_files_metadata_new ("", length);
  return ibb_description_read_hashes (range, self->range);
}

static gboolean
receive_info (IBBJingle *self, const IBBElement *jingle, IBBJingleRefusal *refusal)
{
  IBBElement *received = ibb_element_get_child (jingle, "received", IBB_DESCRIPTION_NAMESPACE);
  IBBElement *checksum = ibb_element_get_child (jingle, "checksum", IBB_DESCRIPTION_NAMESPACE);
  IBBElement *file =
      checksum != NULL ? ibb_element_get_child (checksum, "file", IBB_DESCRIPTION_NAMESPACE) : NULL;

  if (ibb_element_get_child (jingle, NULL, NULL) == NULL) /* a ping: XEP-0166 §6.8 */
    return TRUE;
  if (received != NULL && self->is_initiator && self->state == IBB_JINGLE_ACCEPTED)
    self->is_received = TRUE;
  else if (file != NULL && !self->is_initiator && !self->has_checksum && !self->is_bundle)
    self->has_checksum =
        ibb_description_read_hashes (file, self->metadata) || read_range (self, file);
  else if (received == NULL && checksum == NULL)
    {
      *refusal = unsupported_info;
      return FALSE;
    }
  return TRUE;
}

/* XEP-0166 §6: the responder has nothing but this transport, and the initiator never replaces. */
static gboolean
receive_replace (IBBJingle *self, const IBBElement *jingle, IBBJingleRefusal *refusal)
{
  GString *xml;

  if (self->is_initiator || get_content (jingle) == NULL)
    {
      *refusal = self->is_initiator ? out_of_order : bad_request;
      return FALSE;
    }
  if (self->n_replaces >= REPLACES_MAX)
    {
      *refusal = exhausted;
      return FALSE;
    }
  self->n_replaces++;
  xml = begin (self, "transport-reject");
  append_content_start (self, xml);
  g_string_append (xml, "<transport xmlns='" IBB_JINGLE_TRANSPORT_NAMESPACE "'/></content>");
  end (self, xml);
  return TRUE;
}

gboolean
ibb_jingle_receive (IBBJingle *self, const IBBElement *jingle, IBBJingleRefusal *refusal)
{
  const char *action = ibb_element_get_attribute (jingle, "action");

  if (action == NULL)
    {
      *refusal = bad_request;
      return FALSE;
    }
  if (g_str_equal (action, "session-initiate") || self->state == IBB_JINGLE_ENDED)
    {
      *refusal = out_of_order;
      return FALSE;
    }
  if (g_str_equal (action, "session-accept"))
    return receive_accept (self, jingle, refusal);
  if (g_str_equal (action, "session-info"))
    return receive_info (self, jingle, refusal);
  if (g_str_equal (action, "transport-replace"))
    return receive_replace (self, jingle, refusal);
  if (g_str_equal (action, "session-terminate"))
    {
      receive_terminate (self, jingle);
      return TRUE;
    }
  /* Candidates of a transport that was never offered, further contents: nothing to do with them. */
  if (g_str_equal (action, "transport-info"))
    return TRUE;
  *refusal = unsupported;
  return FALSE;
}

void
ibb_jingle_refused (IBBJingle *self)
{
  self->state = IBB_JINGLE_ENDED;
}

void
ibb_jingle_reopen (IBBJingle *self)
{
  self->state = IBB_JINGLE_ACCEPTED;
}

IBBStanza *
ibb_jingle_new_iq (
    const char *type, const char *to, const char *from, const char *id, const char *payload)
{
  g_autofree char *from_attribute =
      from != NULL ? g_markup_printf_escaped (" from='%s'", from) : g_strdup ("");
  g_autofree char *id_attribute =
      id != NULL ? g_markup_printf_escaped (" id='%s'", id) : g_strdup ("");
  g_autofree char *head = g_markup_printf_escaped ("<iq type='%s' to='%s'", type, to);
  g_autofree char *xml =
      g_strconcat (head, id_attribute, from_attribute, ">", payload, "</iq>", NULL);

  return ibb_stanza_new_from_xml (xml, -1, NULL);
}
