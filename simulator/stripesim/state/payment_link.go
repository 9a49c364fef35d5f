package state

import "time"

// PaymentLink is a page that opens a checkout session for every visitor.
type PaymentLink struct {
	ID              string          `json:"id"`
	Created         time.Time       `json:"created"`
	Active          bool            `json:"active"`
	Code            string          `json:"code"` // last part of its URL
	InactiveMessage string          `json:"inactive_message"`
	RedirectURL     string          `json:"redirect_url"`   // after completion; "" shows a confirmation page
	Confirmation    string          `json:"custom_message"` // on the confirmation page
	Session         CheckoutSession `json:"session"`        // the template of every session
}

// Key is the id.
func (l *PaymentLink) Key() string { return l.ID }

// Owner is the code in the link's URL.
func (l *PaymentLink) Owner() string { return l.Code }

// Clone returns a copy that shares no slices or maps.
func (l *PaymentLink) Clone() PaymentLink {
	copied := *l
	copied.Session = l.Session.Clone()
	return copied
}
