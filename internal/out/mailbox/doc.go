// Package mailbox is a [lockstep.Mailer] for development: it keeps the newest e-mails in
// memory and shows them on a page. Nothing leaves the machine.
package mailbox
