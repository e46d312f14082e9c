// Where the reference pages of other libraries are: gi-docgen's links to them.
baseURLs = [
  ['GLib', 'https://docs.gtk.org/glib/'],
  ['GObject', 'https://docs.gtk.org/gobject/'],
  ['Gio', 'https://docs.gtk.org/gio/'],
  ['IBB', '../ibb-glib-1.0/'],
  ['IBBXmpp', '../ibb-xmpp-1.0/'],
];
