package lockstep

// Paid is what the body of an event says was paid.
type Paid struct {
	// ID is the invoice's; without one the payment intent's; without either the checkout session's. So events
	// about the same payment name the same id, except a payment intent of an invoice.
	ID       string
	Amount   int64 // in the smallest unit of the currency
	Currency string
	// Alone: a payment intent says so, which does not name its invoice.
	Alone bool
}

// SumPaid adds what events say was paid, by currency, each payment once. A payment intent counts only if no other
// event of its key says what was paid. read reads the body of an event.
func SumPaid(events []Event, read func(body []byte) (Paid, bool)) map[string]int64 {
	named := map[Key]bool{} // by an invoice or a checkout
	seen := map[string]Paid{}
	keys := map[string]Key{}
	for _, e := range events {
		p, says := read(e.Body)
		if !says {
			continue
		}
		if was, known := seen[p.ID]; !known || was.Alone {
			seen[p.ID], keys[p.ID] = p, e.Key
		}
		named[e.Key] = named[e.Key] || !p.Alone
	}
	sums := map[string]int64{}
	for id, p := range seen {
		if !p.Alone || !named[keys[id]] {
			sums[p.Currency] += p.Amount
		}
	}
	return sums
}
