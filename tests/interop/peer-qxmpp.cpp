/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* QXmpp, as peer.hpp says: with its transfer manager. */

#include "peer.hpp"

#include <QBuffer>
#include <QCoreApplication>
#include <QCryptographicHash>
#include <QFile>
#include <QIODevice>
#include <QSslCertificate>
#include <QSslConfiguration>
#include <QXmppClient.h>
#include <QXmppConfiguration.h>
#include <QXmppTransferManager.h>

/* Where the bytes of a session go. */
class Sink : public QIODevice
{
public:
  Sink (Peer &peer, const std::string &sid) : peer (peer), sid (sid)
  {
    open (WriteOnly);
  }

protected:
  qint64
  readData (char *, qint64) override
  {
    return -1;
  }

  qint64
  writeData (const char *bytes, qint64 length) override
  {
    peer.received (sid, bytes, (gsize) length);
    return length;
  }

private:
  Peer       &peer;
  std::string sid;
};

class QXmppPeer : public Peer
{
public:
  QXmppPeer ();
  void login ();

protected:
  void send (gint64 id, const char *to, const char *sid, const char *path) override;

private:
  void take (QXmppTransferJob *job);
  void watch (QXmppTransferJob *job);

  QXmppClient          client;
  QXmppTransferManager manager;
};

QXmppPeer::QXmppPeer ()
{
  manager.setSupportedMethods (QXmppTransferJob::InBandMethod);
  client.addExtension (&manager);
  QObject::connect (&manager, &QXmppTransferManager::fileReceived,
                    [this] (QXmppTransferJob *job) { take (job); });
  QObject::connect (&client, &QXmppClient::connected,
                    [this] () { online (client.configuration ().jid ().toStdString ()); });
  QObject::connect (&client, &QXmppClient::error,
                    [] (QXmppClient::Error error) { g_error ("disconnected: %d", error); });
}

void
QXmppPeer::login ()
{
  QXmppConfiguration configuration;

  configuration.setJid (QString::fromUtf8 (get_account_setting ("")));
  configuration.setResource (QString::fromStdString (get_environment ("IBB_PEER_RESOURCE")));
  configuration.setPassword (QString::fromUtf8 (get_account_setting ("_PASSWORD")));
  configuration.setHost (QString::fromStdString (get_environment ("IBB_TEST_HOST")));
  configuration.setPort (QString::fromStdString (get_environment ("IBB_TEST_PORT")).toInt ());
  configuration.setCaCertificates (
      QSslCertificate::fromPath (QString::fromStdString (get_environment ("IBB_TEST_CA_FILE"))));
  client.connectToServer (configuration);
}

static std::string
describe (QXmppTransferJob *job)
{
  return job->error () == QXmppTransferJob::NoError ? ""
                                                    : "error " + std::to_string (job->error ());
}

void
QXmppPeer::watch (QXmppTransferJob *job)
{
  QObject::connect (job, &QXmppTransferJob::progress, [this, job] (qint64 done, qint64) {
    if ((guint64) done >= cancels_after)
      job->abort ();
  });
}

void
QXmppPeer::take (QXmppTransferJob *job)
{
  std::string sid = job->sid ().toStdString ();

  watch (job);
  QObject::connect (job, &QXmppTransferJob::finished,
                    [this, job, sid] () { ended (sid, describe (job)); });
  if (offered (sid, job->fileName ().toStdString ()))
    job->accept (new Sink (*this, sid));
  else
    job->abort ();
}

void
QXmppPeer::send (gint64 id, const char *to, const char *sid, const char *path)
{
  std::string           content = read_file (path);
  QBuffer              *buffer = new QBuffer;
  QXmppTransferFileInfo information;
  QXmppTransferJob     *job;

  buffer->setData (content.data (), (int) content.size ());
  buffer->open (QIODevice::ReadOnly);
  information.setName (QString::fromStdString (get_name (path)));
  information.setSize ((qint64) content.size ());
  /* As QXmpp does for the path of a file. It leaves out a size of 0. */
  information.setHash (QCryptographicHash::hash (buffer->data (), QCryptographicHash::Md5));
  job = manager.sendFile (to, buffer, information, sid);
  watch (job);
  QObject::connect (job, &QXmppTransferJob::finished, [this, job, id] () {
    std::string error = describe (job);

    if (error.empty ())
      succeed (id);
    else
      fail (id, error);
  });
}

int
main (int argc, char **argv)
{
  QCoreApplication application (argc, argv);
  QXmppPeer        peer;

  peer.login ();
  return application.exec ();
}
