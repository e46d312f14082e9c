// SPDX-License-Identifier: LGPL-2.1-or-later

// The Vala binding through a server; run by prosody.py.

IBB.Client make_client (string name) throws Error {
  return new IBB.Client (Environment.get_variable (@"IBB_TEST_$name") + "/vala") {
    password = Environment.get_variable (@"IBB_TEST_$(name)_PASSWORD"),
    host = Environment.get_variable ("IBB_TEST_HOST"),
    port = int.parse (Environment.get_variable ("IBB_TEST_PORT")),
    tls_database = TlsFileDatabase.@new (Environment.get_variable ("IBB_TEST_CA_FILE"))
  };
}

async void run_server () {
  try {
    var alice = make_client ("ALICE");
    var bob = make_client ("BOB");
    yield alice.login_async (null);
    yield bob.login_async (null);
    assert (alice.state == IBB.ConnectionState.ONLINE);
    var here = new IBB.Service (alice);
    var there = new IBB.Service (bob);
    IBB.Transport opened, accepted;
    yield both_ends (here, there, alice.local_jid, bob.local_jid, out opened, out accepted);
    yield round_trip (opened, accepted);
    yield alice.logout_async (null);
    yield bob.logout_async (null);
  } catch (Error error) {
    Test.message ("%s", error.message);
    Test.fail ();
  }
}

void test_server () {
  var loop = new MainLoop ();
  run_server.begin ((object, result) => {
    run_server.end (result);
    loop.quit ();
  });
  loop.run ();
}

int main (string[] args) {
  Test.init (ref args);
  Test.add_func ("/bindings/vala/server", test_server);
  return Test.run ();
}
