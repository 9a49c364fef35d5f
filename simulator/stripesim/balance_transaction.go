package stripesim

import (
	"cmp"
	"net/http"
	"strings"
	"time"
)

// BalanceTransaction is one change of a customer's balance.
type BalanceTransaction struct {
	ID            string            `json:"id"`
	Created       time.Time         `json:"created"`
	Customer      string            `json:"customer"`
	Amount        int64             `json:"amount"` // negative is credit
	EndingBalance int64             `json:"ending_balance"`
	Currency      string            `json:"currency"`
	Description   string            `json:"description"`
	Invoice       string            `json:"invoice"`
	Type          string            `json:"type"` // initial, adjustment, applied_to_invoice, unapplied_from_invoice
	Metadata      map[string]string `json:"metadata"`
}

// Key is the id.
func (b *BalanceTransaction) Key() string { return b.ID }

// Owner is the customer.
func (b *BalanceTransaction) Owner() string { return b.Customer }

func (s *Stripe) balanceRoutes() []route {
	return []route{
		op(http.MethodPost, "/v1/customers/{}/balance_transactions", "amount currency description metadata",
			s.createBalanceTransaction),
		op(http.MethodGet, "/v1/customers/{}/balance_transactions", "created invoice"+paging,
			s.listBalanceTransactions),
		op(http.MethodGet, "/v1/customers/{}/balance_transactions/{}", "", s.retrieveBalanceTransaction),
		op(http.MethodPost, "/v1/customers/{}/balance_transactions/{}", "description metadata",
			s.updateBalanceTransaction),
	}
}

// moveBalance changes a customer's balance and books it. Nothing is booked for 0.
func (s *Stripe) moveBalance(customer *Customer, booked BalanceTransaction) *BalanceTransaction {
	if booked.Amount == 0 {
		return nil
	}
	customer.Balance += booked.Amount
	booked.ID, booked.Created, booked.Customer = s.world.NewID("cbtxn_1", 23), s.now(), customer.ID
	booked.EndingBalance, booked.Currency = customer.Balance, cmp.Or(booked.Currency, customer.Currency, "usd")
	return s.state.BalanceTransactions.Add(&booked)
}

func (s *Stripe) createBalanceTransaction(c *call) (object, error) {
	customer, err := s.liveCustomer(c.path[0], "id")
	if err != nil {
		return nil, err
	}
	c.required("amount")
	booked := BalanceTransaction{Amount: c.integer("amount", 0), Currency: strings.ToLower(c.required("currency")),
		Description: c.text("description"),
		Type:        "adjustment", Metadata: c.metadata(nil)}
	switch {
	case booked.Amount == 0:
		c.fail(invalid("amount", "The amount of a customer balance transaction cannot be 0."))
	case customer.Currency != "" && booked.Currency != customer.Currency:
		c.fail(invalid("currency", "The customer's currency is %s; its balance cannot be changed in %s.", customer.Currency,
			booked.Currency))
	}
	if failure := c.failed(); failure != nil {
		return nil, failure
	}
	var made *BalanceTransaction
	s.changeCustomer(customer, func() {
		customer.Currency = booked.Currency
		made = s.moveBalance(customer, booked)
	})
	return s.showBalanceTransaction(made), nil
}

func (s *Stripe) listBalanceTransactions(c *call) (object, error) {
	if _, err := s.liveCustomer(c.path[0], "id"); err != nil {
		return nil, err
	}
	invoice, within := c.text("invoice"), createdFilter(c)
	return paginate(c, newestOf(s.state.BalanceTransactions.Of(c.path[0])), func(b *BalanceTransaction) bool {
		return (invoice == "" || b.Invoice == invoice) && within(b.Created)
	}, s.showBalanceTransaction)
}

func (s *Stripe) balanceTransaction(c *call) (*BalanceTransaction, error) {
	booked := s.state.BalanceTransactions.Get(c.path[1])
	if booked == nil || booked.Customer != c.path[0] {
		return nil, noSuch("customer balance transaction", c.path[1], "id")
	}
	return booked, nil
}

func (s *Stripe) retrieveBalanceTransaction(c *call) (object, error) {
	booked, err := s.balanceTransaction(c)
	if err != nil {
		return nil, err
	}
	return s.showBalanceTransaction(booked), nil
}

func (s *Stripe) updateBalanceTransaction(c *call) (object, error) {
	booked, err := s.balanceTransaction(c)
	if err != nil {
		return nil, err
	}
	description, metadata := c.textOr("description", booked.Description), c.metadata(booked.Metadata)
	if failure := c.failed(); failure != nil {
		return nil, failure
	}
	booked.Description, booked.Metadata = description, metadata
	return s.showBalanceTransaction(booked), nil
}

func (s *Stripe) showBalanceTransaction(b *BalanceTransaction) object {
	return object{"id": b.ID, "object": "customer_balance_transaction", "amount": b.Amount, "checkout_session": nil,
		"created":     b.Created.Unix(),
		"credit_note": nil, "currency": b.Currency, "customer": b.Customer, "customer_account": nil,
		"description":    orNull(b.Description),
		"ending_balance": b.EndingBalance, "invoice": orNull(b.Invoice), "livemode": false, "metadata": shown(b.Metadata),
		"type": b.Type}
}
