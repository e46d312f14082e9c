// SPDX-License-Identifier: LGPL-2.1-or-later

// The Vala binding within one process.

const string ALICE = "alice@example.org/a";
const string BOB = "bob@example.org/b";

void test_loopback () {
  var loop = new MainLoop ();
  run_loopback.begin ((object, result) => {
    run_loopback.end (result);
    loop.quit ();
  });
  loop.run ();
}

async void run_loopback () {
  try {
    var loopback = new IBB.Loopback ();
    var alice = new IBB.Service (loopback.attach (ALICE));
    var bob = new IBB.Service (loopback.attach (BOB));
    IBB.Transport opened, accepted;
    yield both_ends (alice, bob, ALICE, BOB, out opened, out accepted);
    assert (opened.sid == "vala" && opened.peer_jid == BOB);
    yield round_trip (opened, accepted);
  } catch (Error error) {
    Test.message ("%s", error.message);
    Test.fail ();
  }
}

void test_synchronous () {
  try {
    var loopback = new IBB.Loopback ();
    var alice = new IBB.Service (loopback.attach (ALICE));
    var bob = new IBB.Service (loopback.attach (BOB));
    IBB.Transport? accepted = null;
    bob.expect_session_async.begin (ALICE, "sync", null, (object, result) => {
      try {
        accepted = bob.expect_session_async.end (result);
      } catch (Error error) {
        critical ("%s", error.message);
      }
    });
    var opened = alice.open_session (BOB, IBB.StanzaType.IQ, 0, "sync");
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

void test_refused () {
  var loopback = new IBB.Loopback ();
  var alice = new IBB.Service (loopback.attach (ALICE));
  var bob = new IBB.Service (loopback.attach (BOB));
  bob.session_limit = 1;
  bob.session_requested.connect ((request) => {
    request.refuse (IBB.Error.FORBIDDEN, null);
    return true;
  });
  var loop = new MainLoop ();
  var refused = false;
  alice.open_session_async.begin (BOB, IBB.StanzaType.IQ, 0, null, null, (object, result) => {
    try {
      alice.open_session_async.end (result);
    } catch (IBB.Error.FORBIDDEN error) {
      refused = true;
    } catch (Error error) {
      Test.message ("%s", error.message);
    }
    loop.quit ();
  });
  loop.run ();
  assert (refused);
}

// The stream's errors reach "catch (IOError)".
void test_io_error () {
  try {
    var loopback = new IBB.Loopback ();
    var alice = new IBB.Service (loopback.attach (ALICE));
    var bob = new IBB.Service (loopback.attach (BOB));
    bob.session_limit = 1;
    bob.session_accepted.connect ((transport) => transport.ref ());
    var opened = alice.open_session (BOB, IBB.StanzaType.IQ, 0, null);
    opened.abort ();
    try {
      opened.output_stream.write ("x".data);
      Test.fail ();
    } catch (IOError.CLOSED error) {
    }
  } catch (Error error) {
    Test.message ("%s", error.message);
    Test.fail ();
  }
}

int main (string[] args) {
  Test.init (ref args);
  Test.add_func ("/bindings/vala/loopback", test_loopback);
  Test.add_func ("/bindings/vala/synchronous", test_synchronous);
  Test.add_func ("/bindings/vala/refused", test_refused);
  Test.add_func ("/bindings/vala/io-error", test_io_error);
  return Test.run ();
}
