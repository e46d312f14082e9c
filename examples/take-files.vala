/* SPDX-License-Identifier: 0BSD */

/* take-files JID FOLDER: asks about each file that a peer offers, and stores it in a folder; until
 * an interrupt. With yield.
 *
 * JID is the account, with the password in IBB_PASSWORD. IBB_SERVER=HOST:PORT
 * connects there instead of where DNS says; IBB_CA_FILE names certificates to
 * trust instead of the system's.
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

async void take (IBBFiles.Transfer transfer, File file) {
  try {
    yield transfer.accept_file_async (file);
    print ("%s is there\n", file.get_path ());
  } catch (Error error) {
    printerr ("take-files: %s\n", error.message);
  }
}

/* One question after the other; files are received meanwhile. */
async void ask (Queue<IBBFiles.Transfer> offers, File folder, DataInputStream input) {
  while (!offers.is_empty ()) {
    var transfer = offers.peek_head ();
    // A name without control characters is harmless on a terminal.
    var name = transfer.metadata.dup_safe_name ();
    string? line = null;

    print ("Take “%s” (%s bytes) from %s? [y/n]\n", name, transfer.metadata.size.to_string (),
           transfer.peer_jid);
    try {
      line = yield input.read_line_utf8_async ();
    } catch (Error error) {
      printerr ("take-files: %s\n", error.message);
    }
    if (line != null && line.has_prefix ("y"))
      take.begin (transfer, folder.get_child (name));
    else
      transfer.refuse ("Not wanted");
    offers.pop_head ();
  }
}

async void take_files (string jid, string path) throws Error {
  var client = new_client (jid);
  var service = new IBBFiles.Service (client);
  var folder = File.new_for_path (path);
  var input = new DataInputStream (new UnixInputStream (Posix.STDIN_FILENO, false));
  var offers = new Queue<IBBFiles.Transfer> (); // the first one is asked about

  service.file_offered.connect ((transfer) => {
    offers.push_tail (transfer);
    if (offers.length == 1)
      ask.begin (offers, folder, input);
    return true;
  });
  yield client.login_async ();
  printerr ("ready %s\n", client.local_jid);
  Unix.signal_add (Posix.Signal.INT, take_files.callback);
  yield;
  yield client.logout_async ();
}

int main (string[] args) {
  var loop = new MainLoop ();
  int status = 0;

  Intl.setlocale (); // for what is said
  if (args.length != 3) {
    printerr ("Usage: take-files JID FOLDER\n");
    return 2;
  }
  take_files.begin (args[1], args[2], (object, result) => {
    try {
      take_files.end (result);
    } catch (Error error) {
      printerr ("take-files: %s\n", error.message);
      status = 1;
    }
    loop.quit ();
  });
  loop.run ();
  return status;
}
