/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The other end, written with a C++ library, as peer.py is with those in Python:
 * does what lines of JSON on its input tell it, and answers on its output.
 *
 * {"call": "send", "to": JID, "sid": SID, "path": FILE}: offers it as a file, and sends it
 * {"call": "report", "sid": SID}: what came in a session, when it is over; without SID in the last
 * {"call": "decline"}: declines the offers from now on
 * {"call": "cancel", "after": N}: cancels the transfers from now on when N bytes have moved
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
    std::string name;
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
  /* A file of that name is offered: whether to take it. */
  bool offered (const std::string &sid, const std::string &name);
  void received (const std::string &sid, const char *bytes, gsize length);
  void ended (const std::string &sid, const std::string &error);

  guint64 cancels_after = G_MAXUINT64;

protected:
  void         succeed (gint64 id);
  void         fail (gint64 id, const std::string &failure);
  virtual void send (gint64 id, const char *to, const char *sid, const char *path) = 0;

private:
  void            answer (gint64 id, const char *member, JsonNode *value);
  void            report (const std::string &sid);
  void            call (const char *line);
  static gboolean readable (gint fd, GIOCondition condition, gpointer data);

  std::string input;
  std::string last; /* sid of the last offer */
  bool        declines = false;
};

/* Of the environment that other_end.py gives. */
const char *get_account_setting (const char *name);
std::string get_environment (const char *name);
std::string read_file (const char *path);
std::string get_name (const char *path);
