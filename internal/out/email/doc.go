// Package email turns notices into e-mails: a template of the text and one of
// the HTML for each kind, of which an operator may replace any by a file of the
// same name.
//
//	license.granted.txt    the first line is "Subject: …", then an empty line, then the text
//	license.granted.html   the body of the HTML
//
// Names come from strangers. The HTML's are escaped by html/template; of all that
// goes into a text, what is not printable is taken out first, so that it can
// neither end a header nor begin a line of its own.
package email
