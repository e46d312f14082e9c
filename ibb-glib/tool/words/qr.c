/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "tool/words/qr.h"

#include <gio/gio.h>
#include <glib/gi18n.h>

#ifdef HAVE_QRENCODE

#include "tool/words/output.h"

#include <qrencode.h>
#include <unistd.h>

/* Light modules around the others (ISO/IEC 18004). */
#define QUIET_ZONE 4

static gboolean
is_light (const QRcode *code, int x, int y)
{
  return x < 0 || y < 0 || x >= code->width || y >= code->width ||
         (code->data[y * code->width + x] & 1) == 0;
}

/* One line for two rows of modules. Light modules are drawn, as most terminals are dark; on other
 * terminals the colours make the same picture. */
static char *
draw (const QRcode *code, gboolean has_colours)
{
  static const char *const blocks[] = { " ", "▄", "▀", "█" };
  GString                 *picture = g_string_new (NULL);

  for (int y = -QUIET_ZONE; y < code->width + QUIET_ZONE; y += 2)
    {
      if (has_colours)
        g_string_append (picture, "\033[97;40m");
      for (int x = -QUIET_ZONE; x < code->width + QUIET_ZONE; x++)
        g_string_append (picture, blocks[is_light (code, x, y) * 2 + is_light (code, x, y + 1)]);
      g_string_append (picture, has_colours ? "\033[0m\n" : "\n");
    }
  return g_string_free (picture, FALSE);
}

char *
tool_qr_draw (const char *text, int fd, GError **error)
{
  gboolean is_terminal = isatty (fd);
  guint    width = tool_output_get_width (fd);
  QRcode  *code;
  char    *picture = NULL;
  int      columns;

  if (!g_get_charset (NULL))
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                           _ ("The picture needs a terminal and a locale of UTF-8"));
      return NULL;
    }
  code = QRcode_encodeString8bit (text, 0, QR_ECLEVEL_L);
  if (code == NULL)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE,
                           _ ("The address is too long for a picture"));
      return NULL;
    }
  columns = code->width + 2 * QUIET_ZONE;
  if (width == 0 || width >= (guint) columns)
    picture = draw (code, is_terminal);
  else
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE,
                 /* Translators: two numbers */
                 _ ("The picture needs %d columns, and the terminal has %u"), columns, width);
  QRcode_free (code);
  return picture;
}

#else

char *
tool_qr_draw (const char *text, int fd, GError **error)
{
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                       _ ("This command was built without pictures (libqrencode): use --uri"));
  return NULL;
}

#endif
