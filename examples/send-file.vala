/* SPDX-License-Identifier: 0BSD */

/* send-file JID PEER FILE: sends a file to a peer, with yield.
 *
 * JID is the account, with the password in IBB_PASSWORD; PEER is a full JID,
 * with its resource. IBB_SERVER=HOST:PORT connects there instead of where DNS
 * says; IBB_CA_FILE names certificates to trust instead of the system's.
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

async void send_file (string jid, string peer, string path) throws Error {
  var source = File.new_for_path (path).read ();
  var client = new_client (jid);
  yield client.login_async ();
  var service = new IBB.Service (client);
  var transport = yield service.open_session_async (peer);
  yield transport.output_stream.splice_async (source, OutputStreamSpliceFlags.CLOSE_SOURCE);
  // Fails unless the peer has acknowledged every byte.
  yield transport.close_async ();
  print ("sent %s bytes\n", transport.bytes_acknowledged.to_string ());
  yield client.logout_async ();
}

int main (string[] args) {
  var loop = new MainLoop ();
  int status = 0;

  Intl.setlocale (); // for what is said
  if (args.length != 4) {
    printerr ("Usage: send-file JID PEER FILE\n");
    return 2;
  }
  send_file.begin (args[1], args[2], args[3], (object, result) => {
    try {
      send_file.end (result);
    } catch (Error error) {
      printerr ("send-file: %s\n", error.message);
      status = 1;
    }
    loop.quit ();
  });
  loop.run ();
  return status;
}
