// Package smtpmail is [lockstep.Mailer] over SMTP (RFC 5321).
//
// What matters is to know, of each letter that was not accepted, whether it may
// have been sent. The server has it only after it has answered the end of DATA:
//
//	no connection, TLS, login, MAIL FROM     delayed: all of these can be mended
//	RCPT TO, DATA and its end refused: 4xx   delayed
//	                                   5xx   refused
//	cut off before DATA was accepted         delayed
//	cut off between there and the answer     unsure
//	cut off after the answer                 sent
//
// Errors name the step and the server's code, never its text: that often holds
// the address.
package smtpmail
