// Package smtpmail implements [lockstep.Mailer] over SMTP (RFC 5321).
//
// If the server did not accept an e-mail, the caller must know whether it may have
// been sent anyway. The server has accepted it once it has answered the end of DATA:
//
//	connection, TLS, login or MAIL FROM fails        delayed, because the operator can fix it
//	RCPT TO, DATA or the end of DATA answered 4xx    delayed
//	RCPT TO, DATA or the end of DATA answered 5xx    refused
//	connection lost before DATA is accepted          delayed
//	connection lost before the end of DATA answered  unsure
//	connection lost after that                       sent
//
// Errors name the step and the server's code. They never contain the server's text,
// which often quotes the recipient's address.
package smtpmail
