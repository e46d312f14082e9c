// SPDX-License-Identifier: LGPL-2.1-or-later

// The Vala binding within one process.

const string ALICE = "alice@example.org/a";
const string BOB = "bob@example.org/b";

// One of two connections: what one sends, the other receives.
class PairConnection : Object, IBB.Connection {
  public weak PairConnection other;
  private string jid;

  public string local_jid { owned get { return jid; } }

  public PairConnection (string jid) {
    this.jid = jid;
  }

  public bool send (IBB.Stanza stanza) throws Error {
    // Stands for the network and for the server, which stamps the sender.
    var unstamped = new Regex (" from=('[^']*'|\"[^\"]*\")").replace_literal (stanza.to_xml (), -1, 0, "");
    var xml = new Regex ("^<(\\w+)").replace (unstamped, -1, 0, @"<\\1 from='$jid'");
    Idle.add (() => {
      other.deliver (xml);
      return Source.REMOVE;
    });
    return true;
  }

  private void deliver (string xml) {
    try {
      receive (new IBB.Stanza.from_xml (xml, -1));
    } catch (Error error) {
      critical ("%s", error.message);
    }
  }
}

void make_services (out IBB.Service alice, out IBB.Service bob) {
  var loopback = new IBB.Loopback ();

  alice = new IBB.Service (loopback.attach (ALICE));
  bob = new IBB.Service (loopback.attach (BOB));
}

const int LENGTH = 10247;

async void both_ends (IBB.Service opener, IBB.Service accepter, string opener_jid,
                      string accepter_jid, out IBB.Transport opened, out IBB.Transport accepted)
    throws Error {
  Error? failure = null;
  IBB.Transport? expected = null;
  SourceFunc resume = both_ends.callback;
  var waiting = false;
  accepter.expect_session_async.begin (opener_jid, "vala", null, null, (object, result) => {
    try {
      expected = accepter.expect_session_async.end (result);
    } catch (Error error) {
      failure = error;
    }
    if (waiting)
      resume ();
  });
  var params = new IBB.SessionParams () { sid = "vala" };
  opened = yield opener.open_session_async (accepter_jid, params, null);
  if (expected == null && failure == null) {
    waiting = true;
    yield;
  }
  if (failure != null)
    throw failure;
  accepted = expected;
}

async void pass (IBB.Transport from, IBB.Transport to, uint8[] data) throws Error {
  size_t written;
  yield from.output_stream.write_all_async (data, Priority.DEFAULT, null, out written);
  assert (written == data.length);
  var buffer = new uint8[data.length];
  size_t length;
  yield to.input_stream.read_all_async (buffer, Priority.DEFAULT, null, out length);
  assert (length == data.length && Memory.cmp (buffer, data, length) == 0);
}

async void round_trip (IBB.Transport opened, IBB.Transport accepted) throws Error {
  var data = new uint8[LENGTH];
  for (var i = 0; i < LENGTH; i++)
    data[i] = (uint8) (i * 7);
  yield pass (opened, accepted, data);
  yield pass (accepted, opened, data);
  yield opened.drain_async (null);
  assert (opened.bytes_acknowledged == LENGTH && opened.bytes_received == LENGTH);
  yield opened.shutdown_output_async (null);
  var end = yield accepted.input_stream.read_async (data, Priority.DEFAULT, null);
  assert (end == 0);
  yield accepted.close_async (Priority.DEFAULT, null);
  yield opened.close_async (Priority.DEFAULT, null);
}

async void run_loopback () throws Error {
  IBB.Service alice, bob;
  IBB.Transport opened, accepted;

  make_services (out alice, out bob);
  yield both_ends (alice, bob, ALICE, BOB, out opened, out accepted);
  assert (opened.sid == "vala" && opened.peer_jid == BOB);
  yield round_trip (opened, accepted);
}

async void run_own_connection () throws Error {
  var here = new PairConnection (ALICE);
  var there = new PairConnection (BOB);
  IBB.Transport opened, accepted;

  here.other = there;
  there.other = here;
  assert (here.dup_local_jid () == ALICE && !here.confirms ());
  yield both_ends (new IBB.Service (here), new IBB.Service (there), ALICE, BOB, out opened,
                   out accepted);
  yield round_trip (opened, accepted);
}

async void echo (IBB.Transport transport, bool upper = false) throws Error {
  var buffer = new uint8[1000];
  ssize_t length;
  size_t written;

  while ((length = yield transport.input_stream.read_async (buffer)) > 0) {
    for (var i = 0; upper && i < length; i++)
      buffer[i] = (uint8) ((char) buffer[i]).toupper ();
    yield transport.output_stream.write_all_async (buffer[0:length], Priority.DEFAULT, null,
                                                   out written);
  }
  yield transport.close_async ();
}

// The stream throws IOError and nothing else, opening IBB.Error as well.
async void run_errors () throws Error {
  IBB.Service alice, bob;
  IBB.Transport opened, accepted;
  var buffer = new uint8[5];

  make_services (out alice, out bob);
  try {
    yield alice.open_session_async ("nobody@example.org/x");
    assert_not_reached ();
  } catch (IBB.Error.SERVICE_UNAVAILABLE error) {
    assert (IBB.Error.get_condition (error) == IBB.StanzaCondition.SERVICE_UNAVAILABLE);
  }
  try {
    yield alice.open_session_async ("@");
    assert_not_reached ();
  } catch (IOError.INVALID_ARGUMENT error) {
  }
  yield both_ends (alice, bob, ALICE, BOB, out opened, out accepted);
  accepted.read_timeout = 1;
  try {
    yield accepted.input_stream.read_async (buffer);
    assert_not_reached ();
  } catch (IOError.TIMED_OUT error) {
  }
  accepted.read_timeout = 0;
  opened.abort ();
  try {
    yield accepted.input_stream.read_async (buffer);
    assert_not_reached ();
  } catch (IOError.CONNECTION_CLOSED error) {
  }
  try {
    yield opened.output_stream.write_async (buffer);
    assert_not_reached ();
  } catch (IOError.CLOSED error) {
  }
}

// A question, its end, and the answer up to its end.
async void run_half_close () throws Error {
  IBB.Service alice, bob;

  make_services (out alice, out bob);
  bob.session_limit = 1;
  bob.session_accepted.connect ((transport) => echo.begin (transport, true));
  var question = string.nfill (100000, 'x');
  assert ((yield fetch (alice, BOB, question)).compare (new Bytes (question.up ().data)) == 0);
  bob.session_limit = 0;
  assert ((yield fetch (alice, BOB, question)) == null);
}

async void run_case (string name) throws Error {
  switch (name) {
    case "loopback": yield run_loopback (); break;
    case "own-connection": yield run_own_connection (); break;
    case "errors": yield run_errors (); break;
    case "half-close": yield run_half_close (); break;
    default: assert_not_reached ();
  }
}

void run (string name) {
  var loop = new MainLoop ();

  run_case.begin (name, (object, result) => {
    try {
      run_case.end (result);
    } catch (Error error) {
      Test.message ("%s", error.message);
      Test.fail ();
    }
    loop.quit ();
  });
  loop.run ();
}

void test_synchronous () {
  try {
    var loopback = new IBB.Loopback ();
    var alice = new IBB.Service (loopback.attach (ALICE));
    var bob = new IBB.Service (loopback.attach (BOB));
    IBB.Transport? accepted = null;
    bob.expect_session_async.begin (ALICE, "sync", null, null, (object, result) => {
      try {
        accepted = bob.expect_session_async.end (result);
      } catch (Error error) {
        critical ("%s", error.message);
      }
    });
    var opened = alice.open_session (BOB, new IBB.SessionParams () { sid = "sync" });
    while (accepted == null)
      MainContext.default ().iteration (true);
    size_t length;
    opened.output_stream.write_all ("hello".data, out length);
    opened.drain ();
    var buffer = new uint8[5];
    accepted.input_stream.read_all (buffer, out length);
    assert (length == 5 && Memory.cmp (buffer, "hello".data, 5) == 0);
  } catch (Error error) {
    Test.message ("%s", error.message);
    Test.fail ();
  }
}

void test_parts () {
  try {
    var folder = File.new_for_path (DirUtils.make_tmp ("ibb-XXXXXX"));
    var path = folder.get_child (".ibb-0123456789abcdef-1.part").get_path ();
    FileUtils.set_contents (path, "hello");
    var parts = IBBFiles.Part.list (folder);
    unowned var part = parts[0];
    assert (parts.length == 1 && part.path == path && part.size == 5 && part.time > 0 && !part.is_in_use);
    assert (part.remove ());
    assert (IBBFiles.Part.list (folder).length == 0);
    var file = folder.get_child ("file");
    var stream = new IBBFiles.OutputStream (file);
    size_t length;
    stream.write_all ("hello".data, out length);
    assert (stream.dup_part_path () == IBBFiles.Part.list (folder)[0].path);
    stream.close ();
    string text;
    FileUtils.get_contents (file.get_path (), out text);
    assert (text == "hello");
    file.delete ();
    folder.delete ();
  } catch (Error error) {
    Test.message ("%s", error.message);
    Test.fail ();
  }
}

int main (string[] args) {
  Test.init (ref args);
  foreach (var name in new string[] { "loopback", "own-connection", "errors", "half-close" })
    Test.add_data_func ("/bindings/vala/" + name, () => run (name));
  Test.add_func ("/bindings/vala/synchronous", test_synchronous);
  Test.add_func ("/bindings/vala/parts", test_parts);
  return Test.run ();
}
