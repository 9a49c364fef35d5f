// Package mailbox is a [lockstep.Mailer] for development: it keeps the newest e-mails in
// memory and shows them on a page. Nothing leaves the machine.
//
// The HTML of an e-mail is foreign text. It has a URL of its own, whose content security policy
// isolates it, and the page shows it in a sandboxed frame.
package mailbox
