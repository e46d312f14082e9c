/* SPDX-License-Identifier: 0BSD */

/* loopback: a question and its answer between two ends in this process, without
 * any server, with yield.
 */

const string JULIET = "juliet@example.org/balcony";
const string ROMEO = "romeo@example.org/orchard";

async void say (IBB.Transport transport, string text) throws Error {
  size_t written;

  yield transport.output_stream.write_all_async (text.data, Priority.DEFAULT, null, out written);
}

async string hear (IBB.Transport transport) throws Error {
  var bytes = yield transport.input_stream.read_bytes_async (100);

  var text = new StringBuilder ();

  text.append_len ((string) bytes.get_data (), (ssize_t) bytes.get_size ());
  return text.str;
}

async void answer (IBB.Service romeo) throws Error {
  // The expectation holds from the moment of the call.
  var transport = yield romeo.expect_session_async (JULIET, "talk");

  print ("romeo hears: %s\n", yield hear (transport));
  yield say (transport, "call me but love");
  yield transport.close_async ();
}

async void ask (IBB.Service juliet) throws Error {
  var talk = new IBB.SessionParams () { sid = "talk" };
  var transport = yield juliet.open_session_async (ROMEO, talk);

  yield say (transport, "wherefore art thou romeo?");
  print ("juliet hears: %s\n", yield hear (transport));
  // Nothing more: the peer's clean end.
  if ((yield hear (transport)) != "")
    throw new IOError.FAILED ("juliet hears more than the answer");
  yield transport.close_async ();
}

int main () {
  Intl.setlocale (); // for what is said
  var loop = new MainLoop ();
  var loopback = new IBB.Loopback ();
  var juliet = new IBB.Service (loopback.attach (JULIET));
  var romeo = new IBB.Service (loopback.attach (ROMEO));
  int running = 2;
  int status = 0;

  answer.begin (romeo, (object, result) => {
    try {
      answer.end (result);
    } catch (Error error) {
      printerr ("loopback: %s\n", error.message);
      status = 1;
    }
    if (--running == 0)
      loop.quit ();
  });
  ask.begin (juliet, (object, result) => {
    try {
      ask.end (result);
    } catch (Error error) {
      printerr ("loopback: %s\n", error.message);
      status = 1;
      romeo.stop ();
    }
    if (--running == 0)
      loop.quit ();
  });
  loop.run ();
  return status;
}
