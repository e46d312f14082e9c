/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The output of an encrypted stream, which GIO can poll. Its close sends the end of TLS, and leaves
 * the session open for writing. */

#pragma once

#include "xmpp/trust/cipher-pipe.h"

#define IBB_TYPE_ENCRYPTED_OUTPUT (ibb_encrypted_output_get_type ())
G_DECLARE_FINAL_TYPE (
    IBBEncryptedOutput, ibb_encrypted_output, IBB, ENCRYPTED_OUTPUT, GOutputStream)

GOutputStream *ibb_encrypted_output_new (IBBCipherPipe *pipe);
