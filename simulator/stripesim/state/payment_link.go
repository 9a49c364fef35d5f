package state

import "time"

// PaymentLink is a page that begins a checkout session for everyone who opens it.
type PaymentLink struct {
	ID              string          `json:"id"`
	Created         time.Time       `json:"created"`
	Active          bool            `json:"active"`
	Code            string          `json:"code"` // the last part of its address
	InactiveMessage string          `json:"inactive_message"`
	RedirectURL     string          `json:"redirect_url"`   // after completion; "" shows a page that confirms
	Confirmation    string          `json:"custom_message"` // on that page
	Session         CheckoutSession `json:"session"`        // what every session is made of
}

// Key is the id.
func (l *PaymentLink) Key() string { return l.ID }

// Owner is the code, by which a visitor asks for it.
func (l *PaymentLink) Owner() string { return l.Code }

func (l *PaymentLink) Clone() PaymentLink {
	copied := *l
	copied.Session = l.Session.Clone()
	return copied
}
