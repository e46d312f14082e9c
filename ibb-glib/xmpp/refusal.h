/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Logins that a server refuses. */

#pragma once

#include "ibb-error.h"

/* Whether the next login would fail, too, unless somebody changes something. */
static inline gboolean
ibb_refusal_is_lasting (const GError *error)
{
  if (error->domain != IBB_ERROR)
    return FALSE;

  switch (error->code)
    {
    case IBB_ERROR_AUTHENTICATION:
    case IBB_ERROR_CONFLICT:
    case IBB_ERROR_FORBIDDEN:
    case IBB_ERROR_ITEM_NOT_FOUND: /* the server does not serve the domain */
    case IBB_ERROR_JID_MALFORMED:
    case IBB_ERROR_NOT_ALLOWED:
    case IBB_ERROR_NOT_AUTHORIZED:
      return TRUE;
    default:
      return FALSE;
    }
}
