/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Why a server refuses something, in what it sends. */

#include "config.h"

#include "xmpp/stream/element.h"

#include <string.h>

#include "ibb-error.h"
#include "xml-pair.h"
#include "xmpp/management/resumption.h"
#include "xmpp/stream/stream-error.h"

#define STANZAS "urn:ietf:params:xml:ns:xmpp-stanzas"
#define FAILED(inner) "<failed xmlns='urn:xmpp:sm:3'>" inner "</failed>"
#define NOT_FOUND "<item-not-found xmlns='" STANZAS "'/>"
#define TEXT "<text xmlns='" STANZAS "'> Gone\n away </text>"
#define NO_REASON "it does not say why"

static const struct
{
  const char *xml;
  const char *reason;
} reasons[] = {
  { FAILED (NOT_FOUND), "item-not-found" },
  { FAILED (NOT_FOUND TEXT), "item-not-found: “Gone  away”" },
  { FAILED (TEXT NOT_FOUND), "item-not-found: “Gone  away”" },
  { FAILED (TEXT), "“Gone  away”" },
  { FAILED ("<error type='cancel'>" NOT_FOUND TEXT "</error>"), "item-not-found: “Gone  away”" },
  { FAILED ("<error><x>" NOT_FOUND "</x></error><gone xmlns='" STANZAS "'/>"), "gone" },
  { FAILED (""), NO_REASON },
  { FAILED ("<item-not-found/>"), NO_REASON },
  { FAILED ("<text xmlns='" STANZAS "'/>"), NO_REASON },
};

static void
test_reasons (void)
{
  static const IBBResumption resumption = { .id = (char *) "i" };

  for (gsize i = 0; i < G_N_ELEMENTS (reasons); i++)
    {
      g_autoptr (IBBElement) element = parse_element (reasons[i].xml);
      g_autofree char       *reason = ibb_element_dup_reason (element, STANZAS, STANZAS);
      g_autoptr (GError)     error = NULL;
      guint32                h;

      g_assert_cmpstr (reason, ==, reasons[i].reason);
      g_assert_cmpint (ibb_resumption_handle (&resumption, element, "d.test", &h, &error), ==,
                       IBB_RESUMPTION_REFUSED);
      g_assert_true (g_str_has_suffix (error->message, reasons[i].reason));
    }
}

/* The place is told, on one line. */
static void
test_other_host (void)
{
  g_autoptr (IBBElement) element =
      parse_element ("<s:error><see-other-host xmlns='urn:ietf:params:xml:ns:xmpp-streams'>"
                     "[::1]:5\n222</see-other-host></s:error>");
  g_autoptr (GError) error = ibb_stream_error_to_error (element, "d.test");

  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED);
  g_assert_nonnull (strstr (error->message, "“[::1]:5 222”"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/ibb/element/reasons", test_reasons);
  g_test_add_func ("/ibb/element/other-host", test_other_host);
  return g_test_run ();
}
