/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The other end, written with a C++ library, as peer.py is with those in Python:
 * does what lines of JSON on its input tell it, and answers on its output.
 */

#pragma once

#include <map>
#include <string>

#include <glib-unix.h>
#include <json-glib/json-glib.h>

class Peer
{
public:
  struct Session
  {
    gsize       received = 0;
    GChecksum  *checksum = g_checksum_new (G_CHECKSUM_SHA256);
    bool        ended = false;
    std::string error;
    gint64      report = 0; /* the call that waits for the end */

    Session () = default;
    Session (const Session &) = delete;
    ~Session ()
    {
      g_checksum_free (checksum);
    }
  };

  virtual ~Peer () = default;

  std::map<std::string, Session> sessions;

  /* Says that it is online, and listens. */
  void online (const std::string &jid);
  void received (const std::string &sid, const char *bytes, gsize length);
  void ended (const std::string &sid, const std::string &error);

protected:
  void succeed (gint64 id);
  void fail (gint64 id, const std::string &failure);
  /* {"call": "send", "to": JID, "sid": SID, "path": FILE}: offers it as a file and sends it. */
  virtual void send (gint64 id, const char *to, const char *sid, const char *path) = 0;

private:
  void            answer (gint64 id, const char *member, JsonNode *value);
  void            report (const std::string &sid);
  void            call (const char *line);
  static gboolean readable (gint fd, GIOCondition condition, gpointer data);

  std::string input;
};

/* Of the environment that other_end.py gives. */
const char *get_account_setting (const char *name);
std::string get_environment (const char *name);
std::string read_file (const char *path);
