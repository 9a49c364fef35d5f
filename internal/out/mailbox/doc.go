// Package mailbox is [lockstep.Mailer] for development: it keeps the newest
// letters in memory and shows them on a page, and nothing leaves the machine.
package mailbox
