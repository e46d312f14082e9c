/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

/* Why a certificate cannot be verified, with each reason in errors, as part of a sentence.
 * (transfer full) */
char *ibb_certificate_error_explain (GTlsCertificateFlags errors);
