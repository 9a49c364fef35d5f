// Package email writes the e-mails about notices.
//
// Each kind of notice has a file of words in templates/, whose blocks (subject, title, lines,
// button and so on) make the message. The layouts render a message twice: layout.html for mail
// programs that show HTML, layout.txt for the rest. So both parts always say the same.
//
// An operator can replace either part of a kind with a template of their own:
//
//	license.granted.txt    a line "Subject: …", an empty line, then the text
//	license.granted.html   the whole HTML
//
// Both get [Values]. A part without a file keeps the built-in layout.
//
// Names and plans may come from strangers. Before they reach a template, unprintable
// characters and line breaks are removed, so that they cannot end a header or start a line.
// html/template escapes them in the HTML.
package email
