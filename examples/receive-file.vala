/* SPDX-License-Identifier: 0BSD */

/* receive-file JID PEER FILE: stores what one peer sends, with yield.
 *
 * JID is the account, with the password in IBB_PASSWORD; PEER is the bare JID
 * that may send. IBB_SERVER=HOST:PORT connects there instead of where DNS says;
 * IBB_CA_FILE names certificates to trust instead of the system's.
 */

IBBXmpp.Client new_client (string jid) throws Error {
  var client = new IBBXmpp.Client (jid);
  unowned string? server = Environment.get_variable ("IBB_SERVER");
  unowned string? ca_file = Environment.get_variable ("IBB_CA_FILE");

  client.password = Environment.get_variable ("IBB_PASSWORD");
  if (server != null) {
    var address = NetworkAddress.parse (server, 5222) as NetworkAddress;
    client.host = address.hostname;
    client.port = address.port;
  }
  if (ca_file != null)
    client.tls_database = TlsFileDatabase.@new (Filename.canonicalize (ca_file));
  return client;
}

/* The next session from peer; one from anybody else is aborted. */
async IBB.Transport accept_from (IBB.Service service, string peer) throws Error {
  while (true) {
    var transport = yield service.accept_async ();

    if (transport.peer_jid.has_prefix (peer + "/"))
      return transport;
    printerr ("receive-file: %s is not %s\n", transport.peer_jid, peer);
    transport.abort ();
  }
}

/* The file gets its name at the clean end, not before. */
async void store (IBB.Transport transport, string path) throws Error {
  var file = File.new_for_path (path);
  var part = File.new_for_path (path + ".part");

  try {
    var sink = part.replace (null, false, FileCreateFlags.NONE);
    yield sink.splice_async (transport.input_stream, OutputStreamSpliceFlags.CLOSE_TARGET);
    part.move (file, FileCopyFlags.OVERWRITE);
  } catch (Error error) {
    part.delete ();
    throw error;
  }
  yield transport.close_async ();
}

async void receive_file (string jid, string peer, string path) throws Error {
  var client = new_client (jid);
  var service = new IBB.Service (client);

  service.session_limit = 1;
  yield client.login_async ();
  printerr ("ready %s\n", client.local_jid);
  var transport = yield accept_from (service, peer);
  yield store (transport, path);
  print ("received %s bytes\n", transport.bytes_received.to_string ());
  yield client.logout_async ();
}

int main (string[] args) {
  var loop = new MainLoop ();
  int status = 0;

  Intl.setlocale (); // for what is said
  if (args.length != 4) {
    printerr ("Usage: receive-file JID PEER FILE\n");
    return 2;
  }
  receive_file.begin (args[1], args[2], args[3], (object, result) => {
    try {
      receive_file.end (result);
    } catch (Error error) {
      printerr ("receive-file: %s\n", error.message);
      status = 1;
    }
    loop.quit ();
  });
  loop.run ();
  return status;
}
