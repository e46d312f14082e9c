/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Records that libibb-xmpp 1.0.0 makes or reads by their fields, and shares with libibb-glib. That
 * version does not look which libibb-glib it is joined with, so that each 1.x has these records. */

#include "config.h"

#include "base/weak.c"
#include "core/base/stanza.h"
#include "stanza/ibb-element-private.h"

#define STANZA_FIELDS                                                                              \
  FIELD (int, ref_count)                                                                           \
  FIELD (gpointer, original)                                                                       \
  FIELD (int, name)                                                                                \
  FIELD (int, payload)                                                                             \
  FIELD (gpointer, kind)                                                                           \
  FIELD (gpointer, id)                                                                             \
  FIELD (gpointer, from)                                                                           \
  FIELD (gpointer, to)                                                                             \
  FIELD (gpointer, sid)                                                                            \
  FIELD (gboolean, block_size_valid)                                                               \
  FIELD (guint, block_size)                                                                        \
  FIELD (gboolean, by_message_valid)                                                               \
  FIELD (gboolean, by_message)                                                                     \
  FIELD (gboolean, seq_valid)                                                                      \
  FIELD (guint16, seq)                                                                             \
  FIELD (gboolean, unclean)                                                                        \
  FIELD (gboolean, reads)                                                                          \
  FIELD (gboolean, gives_reason)                                                                   \
  FIELD (gpointer, asked)                                                                          \
  FIELD (gpointer, secret)                                                                         \
  FIELD (guint, long_block_size)                                                                   \
  FIELD (gpointer, bytes)                                                                          \
  FIELD (int, base64)                                                                              \
  FIELD (gsize, text_length)                                                                       \
  FIELD (gboolean, has_child)                                                                      \
  FIELD (gboolean, has_rules)                                                                      \
  FIELD (gboolean, asks_room)                                                                      \
  FIELD (gboolean, fills)                                                                          \
  FIELD (gboolean, ends_read)                                                                      \
  FIELD (gboolean, tells_room)                                                                     \
  FIELD (guint32, room)                                                                            \
  FIELD (guint32, delay)                                                                           \
  FIELD (gboolean, is_resumable)                                                                   \
  FIELD (gboolean, has_position)                                                                   \
  FIELD (gboolean, has_ended)                                                                      \
  FIELD (guint32, count)                                                                           \
  FIELD (guint64, received)                                                                        \
  FIELD (guint64, acknowledged)                                                                    \
  FIELD (gpointer, proof)                                                                          \
  FIELD (int, condition)                                                                           \
  FIELD (int, error_type)                                                                          \
  FIELD (gpointer, text)                                                                           \
  FIELD (gpointer, node)                                                                           \
  FIELD (gpointer, features)                                                                       \
  FIELD (gpointer, identities)                                                                     \
  FIELD (gpointer, xml)

#define ELEMENT_FIELDS                                                                             \
  FIELD (int, ref_count)                                                                           \
  FIELD (gpointer, name)                                                                           \
  FIELD (gpointer, namespace)                                                                      \
  FIELD (gpointer, attributes)                                                                     \
  FIELD (gpointer, text)                                                                           \
  FIELD (gpointer, children)                                                                       \
  FIELD (gpointer, parent)

#define WEAK_FIELDS                                                                                \
  FIELD (int, ref_count)                                                                           \
  FIELD (GWeakRef, ref)                                                                            \
  FIELD (GMutex, lock)                                                                             \
  FIELD (GCond, no_gets)                                                                           \
  FIELD (gpointer, object)                                                                         \
  FIELD (gpointer, kept)                                                                           \
  FIELD (guint, n_gets)

#define FIELD(type, name) type name;
typedef struct
{
  STANZA_FIELDS
} Stanza;

typedef struct
{
  ELEMENT_FIELDS
} Element;

typedef struct
{
  WEAK_FIELDS
} Weak;
#undef FIELD

static void
test_layout (void)
{
#define FIELD(type, name) CHECK (name)
#define CHECK(name)                                                                                \
  g_assert_cmpuint (G_STRUCT_OFFSET (IBBStanza, name), ==, G_STRUCT_OFFSET (Stanza, name));
  STANZA_FIELDS
#undef CHECK
#define CHECK(name)                                                                                \
  g_assert_cmpuint (G_STRUCT_OFFSET (IBBElement, name), ==, G_STRUCT_OFFSET (Element, name));
  ELEMENT_FIELDS
#undef CHECK
#define CHECK(name)                                                                                \
  g_assert_cmpuint (G_STRUCT_OFFSET (IBBWeak, name), ==, G_STRUCT_OFFSET (Weak, name));
  WEAK_FIELDS
#undef CHECK
#undef FIELD
  g_assert_cmpuint (sizeof (IBBStanza), ==, sizeof (Stanza));
  g_assert_cmpuint (sizeof (IBBElement), ==, sizeof (Element));
  g_assert_cmpuint (sizeof (IBBWeak), ==, sizeof (Weak));
  g_assert_cmpstr (g_quark_to_string (get_key ()), ==, "ibb-weak");
}

/* The numbers of their enumerations, each of which begins with 0. */
static void
test_numbers (void)
{
  static const guint names[] = { IBB_STANZA_IQ, IBB_STANZA_MESSAGE, IBB_STANZA_PRESENCE };
  static const guint payloads[] = {
    IBB_PAYLOAD_OTHER,      IBB_PAYLOAD_OPEN,   IBB_PAYLOAD_DATA,   IBB_PAYLOAD_CLOSE,
    IBB_PAYLOAD_UNKNOWN,    IBB_PAYLOAD_RESULT, IBB_PAYLOAD_ERROR,  IBB_PAYLOAD_DISCO_QUERY,
    IBB_PAYLOAD_DISCO_INFO, IBB_PAYLOAD_PING,   IBB_PAYLOAD_RESUME, IBB_PAYLOAD_VERSION
  };
  static const guint verdicts[] = { IBB_BASE64_EXACT, IBB_BASE64_LENIENT, IBB_BASE64_INVALID };
  static const guint conditions[] = { IBB_CONDITION_BAD_REQUEST,
                                      IBB_CONDITION_CONFLICT,
                                      IBB_CONDITION_FEATURE_NOT_IMPLEMENTED,
                                      IBB_CONDITION_FORBIDDEN,
                                      IBB_CONDITION_GONE,
                                      IBB_CONDITION_INTERNAL_SERVER_ERROR,
                                      IBB_CONDITION_ITEM_NOT_FOUND,
                                      IBB_CONDITION_JID_MALFORMED,
                                      IBB_CONDITION_NOT_ACCEPTABLE,
                                      IBB_CONDITION_NOT_ALLOWED,
                                      IBB_CONDITION_NOT_AUTHORIZED,
                                      IBB_CONDITION_POLICY_VIOLATION,
                                      IBB_CONDITION_RECIPIENT_UNAVAILABLE,
                                      IBB_CONDITION_REDIRECT,
                                      IBB_CONDITION_REGISTRATION_REQUIRED,
                                      IBB_CONDITION_REMOTE_SERVER_NOT_FOUND,
                                      IBB_CONDITION_REMOTE_SERVER_TIMEOUT,
                                      IBB_CONDITION_RESOURCE_CONSTRAINT,
                                      IBB_CONDITION_SERVICE_UNAVAILABLE,
                                      IBB_CONDITION_SUBSCRIPTION_REQUIRED,
                                      IBB_CONDITION_UNDEFINED_CONDITION,
                                      IBB_CONDITION_UNEXPECTED_REQUEST };
  static const guint types[] = { IBB_ERROR_TYPE_AUTH, IBB_ERROR_TYPE_CANCEL,
                                 IBB_ERROR_TYPE_CONTINUE, IBB_ERROR_TYPE_MODIFY,
                                 IBB_ERROR_TYPE_WAIT };

#define CHECK(numbers)                                                                             \
  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++)                                               \
  g_assert_cmpuint (numbers[i], ==, i)
  CHECK (names);
  CHECK (payloads);
  CHECK (verdicts);
  CHECK (conditions);
  CHECK (types);
#undef CHECK
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/frozen/records/layout", test_layout);
  g_test_add_func ("/frozen/records/numbers", test_numbers);
  return g_test_run ();
}
