/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* gloox, as peer.hpp says: with its profile of file transfer. */

#include "peer.hpp"

#include <gloox/bytestream.h>
#include <gloox/bytestreamdatahandler.h>
#include <gloox/client.h>
#include <gloox/connectionlistener.h>
#include <gloox/connectiontcpclient.h>
#include <gloox/disco.h>
#include <gloox/inbandbytestream.h>
#include <gloox/siprofileft.h>
#include <gloox/siprofilefthandler.h>

using namespace gloox;

class GlooxPeer : public Peer,
                  public ConnectionListener,
                  public SIProfileFTHandler,
                  public BytestreamDataHandler
{
public:
  GlooxPeer ();
  void run ();

  /* ConnectionListener */
  void onConnect () override;
  void onDisconnect (ConnectionError error) override;
  bool onTLSConnect (const CertInfo &info) override;

  /* SIProfileFTHandler */
  void handleFTRequest (const JID         &from,
                        const JID         &to,
                        const std::string &sid,
                        const std::string &name,
                        long               size,
                        const std::string &hash,
                        const std::string &date,
                        const std::string &mimetype,
                        const std::string &desc,
                        int                stypes) override;
  void handleFTRequestError (const IQ &iq, const std::string &sid) override;
  void handleFTBytestream (Bytestream *bs) override;
  const std::string
  handleOOBRequestResult (const JID &from, const JID &to, const std::string &sid) override;

  /* BytestreamDataHandler */
  void handleBytestreamData (Bytestream *bs, const std::string &data) override;
  void handleBytestreamError (Bytestream *bs, const IQ &iq) override;
  void handleBytestreamOpen (Bytestream *bs) override;
  void handleBytestreamClose (Bytestream *bs) override;

protected:
  void send (gint64 id, const char *to, const char *sid, const char *path) override;

private:
  struct Outgoing
  {
    gint64      id = 0;
    std::string content;
    size_t      sent = 0;
    Bytestream *stream = nullptr;
    GlooxPeer  *peer = nullptr;
  };

  static gboolean send_block (gpointer data);

  Client                          client;
  SIProfileFT                     transfers;
  std::map<std::string, Outgoing> outgoing;
};

static JID
make_jid ()
{
  return JID (std::string (get_account_setting ("")) + "/" + get_environment ("IBB_PEER_RESOURCE"));
}

GlooxPeer::GlooxPeer ()
    : client (make_jid (), get_account_setting ("_PASSWORD")), transfers (&client, this)
{
  client.setServer (get_environment ("IBB_TEST_HOST"));
  client.setPort (atoi (get_environment ("IBB_TEST_PORT").c_str ()));
  client.registerConnectionListener (this);
  transfers.registerSIProfileFTHandler (this);
  /* The profile announces itself, and not how the bytes come. */
  client.disco ()->addFeature (XMLNS_IBB);
}

void
GlooxPeer::onConnect ()
{
  online (client.jid ().full ());
}

void
GlooxPeer::onDisconnect (ConnectionError error)
{
  g_error ("disconnected: %d", error);
}

bool
GlooxPeer::onTLSConnect (const CertInfo &info)
{
  /* It compares the certificate with the address that it was told. */
  return true;
}

void
GlooxPeer::handleFTRequest (const JID         &from,
                            const JID         &to,
                            const std::string &sid,
                            const std::string &name,
                            long               size,
                            const std::string &hash,
                            const std::string &date,
                            const std::string &mimetype,
                            const std::string &desc,
                            int                stypes)
{
  if (offered (sid, name))
    transfers.acceptFT (from, sid, SIProfileFT::FTTypeIBB, to);
  else
    transfers.declineFT (from, sid, SIManager::RequestRejected);
}

void
GlooxPeer::handleFTRequestError (const IQ &iq, const std::string &sid)
{
  fail (outgoing.at (sid).id, "the offer was refused");
}

const std::string
GlooxPeer::handleOOBRequestResult (const JID &from, const JID &to, const std::string &sid)
{
  return "";
}

/* For a session that we opened, and for one that we accepted. */
void
GlooxPeer::handleFTBytestream (Bytestream *bs)
{
  bs->registerBytestreamDataHandler (this);
  if (outgoing.count (bs->sid ()) > 0)
    bs->connect ();
}

/* gloox never waits for an acknowledgement; what comes meanwhile is read. */
gboolean
GlooxPeer::send_block (gpointer data)
{
  Outgoing *one = static_cast<Outgoing *> (data);
  size_t    size = (size_t) static_cast<InBandBytestream *> (one->stream)->blockSize ();

  if (one->sent >= one->peer->cancels_after)
    {
      one->stream->close ();
      one->peer->fail (one->id, "cancelled");
      return G_SOURCE_REMOVE;
    }
  if (one->sent < one->content.size ())
    {
      if (one->stream->send (one->content.substr (one->sent, size)))
        {
          one->sent += size;
          return G_SOURCE_CONTINUE;
        }
      one->peer->fail (one->id, "closed");
      return G_SOURCE_REMOVE;
    }
  one->stream->close ();
  one->peer->succeed (one->id);
  return G_SOURCE_REMOVE;
}

void
GlooxPeer::handleBytestreamOpen (Bytestream *bs)
{
  auto found = outgoing.find (bs->sid ());

  if (found == outgoing.end ())
    return;
  found->second.stream = bs;
  g_idle_add (send_block, &found->second);
}

void
GlooxPeer::handleBytestreamData (Bytestream *bs, const std::string &data)
{
  received (bs->sid (), data.data (), data.size ());
  if (sessions[bs->sid ()].received >= cancels_after)
    bs->close ();
}

void
GlooxPeer::handleBytestreamError (Bytestream *bs, const IQ &iq)
{
  ended (bs->sid (), "error");
}

void
GlooxPeer::handleBytestreamClose (Bytestream *bs)
{
  ended (bs->sid (), "");
}

void
GlooxPeer::send (gint64 id, const char *to, const char *sid, const char *path)
{
  Outgoing &one = outgoing[sid];

  one.id = id;
  one.peer = this;
  one.content = read_file (path);
  transfers.requestFT (JID (to), get_name (path), (long) one.content.size (), "", "", "", "",
                       SIProfileFT::FTTypeIBB, JID (), sid);
}

static gboolean
receive (gint fd, GIOCondition condition, gpointer data)
{
  static_cast<Client *> (data)->recv (0);
  return G_SOURCE_CONTINUE;
}

void
GlooxPeer::run ()
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (nullptr, FALSE);

  if (!client.connect (false))
    g_error ("could not connect");
  g_unix_fd_add (static_cast<ConnectionTCPClient *> (client.connectionImpl ())->socket (), G_IO_IN,
                 receive, &client);
  g_main_loop_run (loop);
}

int
main ()
{
  GlooxPeer peer;

  peer.run ();
  return 0;
}
