/* SPDX-License-Identifier: 0BSD */

/* offer-file JID PEER FILE: offers a file to a peer, with its name, and waits for the end; with
 * yield.
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

async void offer_file (string jid, string peer, string path) throws Error {
  var client = new_client (jid);
  yield client.login_async ();
  var service = new IBBFiles.Service (client);
  var transfer = yield service.offer_file_async (peer, File.new_for_path (path));
  transfer.notify["progress"].connect (() => printerr ("\r%3.0f %% ", transfer.progress * 100));
  try {
    yield transfer.wait_async ();
  } finally {
    printerr ("\n");
  }
  // Only some programs say that they have the file.
  print ("%s: %s\n", transfer.metadata.name,
         transfer.state == IBBFiles.State.DELIVERED ? "delivered" : "sent");
  yield client.logout_async ();
}

int main (string[] args) {
  var loop = new MainLoop ();
  int status = 0;

  Intl.setlocale (); // for what is said
  if (args.length != 4) {
    printerr ("Usage: offer-file JID PEER FILE\n");
    return 2;
  }
  offer_file.begin (args[1], args[2], args[3], (object, result) => {
    try {
      offer_file.end (result);
    } catch (Error error) {
      printerr ("offer-file: %s\n", error.message);
      status = 1;
    }
    loop.quit ();
  });
  loop.run ();
  return status;
}
