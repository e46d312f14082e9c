// SPDX-License-Identifier: LGPL-2.1-or-later

// A program for 1.0: a session, a private file, and a login that fails.

const string JULIET = "juliet@example.org/balcony";
const string ROMEO = "romeo@example.org/orchard";
const string LETTER = "wherefore art thou romeo?";

string folder;

async void check_session (IBB.Connection left, IBB.Connection right) throws Error {
  var juliet = new IBB.Service (left);
  var romeo = new IBB.Service (right);
  IBB.Transport? incoming = null;
  SourceFunc? resume = null;
  romeo.expect_session_async.begin (JULIET, "talk", null, null, (object, result) => {
    try {
      incoming = romeo.expect_session_async.end (result);
    } catch (Error error) {
      GLib.error ("%s", error.message);
    }
    if (resume != null)
      resume ();
  });
  var outgoing = yield juliet.open_session_async (ROMEO, new IBB.SessionParams () { sid = "talk" });

  if (incoming == null) {
    resume = check_session.callback;
    yield;
  }
  size_t written;
  yield outgoing.output_stream.write_all_async (LETTER.data, Priority.DEFAULT, null, out written);
  yield outgoing.shutdown_output_async ();
  var buffer = new uint8[LETTER.length];
  size_t n;
  yield incoming.input_stream.read_all_async (buffer, Priority.DEFAULT, null, out n);
  assert (n == LETTER.length && Memory.cmp (buffer, LETTER, n) == 0);
  assert ((yield incoming.input_stream.read_bytes_async (1)).get_size () == 0);
  incoming.close_async.begin ();
  yield outgoing.close_async ();
  assert (outgoing.bytes_acknowledged == LETTER.length);
  try {
    yield juliet.open_session_async (ROMEO);
    assert_not_reached ();
  } catch (IBB.Error.NOT_ACCEPTABLE error) {
  }
}

IBBFiles.Service make_service (IBB.Connection connection, string name, GenericArray<string> codes) throws Error {
  var service = new IBBFiles.Service (connection);
  var identity = IBBXmpp.Identity.load_or_create (Path.build_filename (folder, name + ".pem"));
  string fingerprint;
  var jid = IBBXmpp.Identity.parse_uri (identity.dup_uri ("romeo@example.org"), out fingerprint);

  assert (jid == "romeo@example.org");
  assert (fingerprint == IBBXmpp.KnownCertificates.dup_fingerprint (identity.certificate));
  identity.known_certificates = new IBBXmpp.KnownCertificates (Path.build_filename (folder, name + ".known"));
  identity.trust_requested.connect ((question) => {
    codes.add (question.code);
    question.accept (IBBXmpp.AnswerFlags.NONE);
    return true;
  });
  service.identity = identity;
  return service;
}

async void check_file (IBB.Connection left, IBB.Connection right) throws Error {
  var codes = new GenericArray<string> ();
  var juliet = make_service (left, "juliet", codes);
  var romeo = make_service (right, "romeo", codes);

  romeo.file_offered.connect ((offered) => {
    var place = File.new_build_filename (folder, offered.metadata.dup_safe_name ());

    offered.accept_file_async.begin (place, IBBFiles.Existing.FAIL, null);
    return true;
  });
  var transfer = yield juliet.offer_stream_async (
      ROMEO, new MemoryInputStream.from_data (LETTER.data), new IBBFiles.Metadata ("letter.txt", LETTER.length), null);
  yield transfer.wait_async (null);
  assert (transfer.state == IBBFiles.State.DELIVERED);
  assert (codes.length == 2 && codes[0] == codes[1]);
  string letter;
  FileUtils.get_contents (Path.build_filename (folder, "letter.txt"), out letter);
  assert (letter == LETTER);
}

async void check_login () throws Error {
  var client = new IBBXmpp.Client ("romeo@example.org") { host = "127.0.0.1", port = 1 };

  client.set_password ("secret");
  try {
    yield client.login_async (null);
    assert_not_reached ();
  } catch (IOError.CONNECTION_REFUSED error) {
  }
}

async void run () throws Error {
  var loopback = new IBB.Loopback ();
  var juliet = loopback.attach (JULIET);
  var romeo = loopback.attach (ROMEO);

  yield check_session (juliet, romeo);
  yield check_file (juliet, romeo);
  yield check_login ();
}

int main (string[] arguments) {
  var loop = new MainLoop ();
  var status = 1;

  folder = arguments[1];
  run.begin ((object, result) => {
    try {
      run.end (result);
      status = 0;
    } catch (Error error) {
      printerr ("%s\n", error.message);
    }
    loop.quit ();
  });
  loop.run ();
  return status;
}
