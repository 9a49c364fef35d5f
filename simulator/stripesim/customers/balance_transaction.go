package customers

import (
	"cmp"
	"net/http"
	"strings"

	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/state"
)

func (s *Customers) balanceRoutes() []api.Route {
	return []api.Route{
		api.Op(http.MethodPost, "/v1/customers/{}/balance_transactions", "amount currency description metadata",
			s.createBalanceTransaction),
		api.Op(http.MethodGet, "/v1/customers/{}/balance_transactions", "created invoice"+api.Paging,
			s.listBalanceTransactions),
		api.Op(http.MethodGet, "/v1/customers/{}/balance_transactions/{}", "", s.retrieveBalanceTransaction),
		api.Op(http.MethodPost, "/v1/customers/{}/balance_transactions/{}", "description metadata",
			s.updateBalanceTransaction),
	}
}

// MoveBalance changes a customer's balance and records the transaction. It
// records nothing for 0.
func (s *Customers) MoveBalance(customer *state.Customer, booked state.BalanceTransaction) *state.BalanceTransaction {
	if booked.Amount == 0 {
		return nil
	}
	customer.Balance += booked.Amount
	booked.ID, booked.Created, booked.Customer = s.World.NewID("cbtxn_1", 23), s.Now(), customer.ID
	booked.EndingBalance, booked.Currency = customer.Balance, cmp.Or(booked.Currency, customer.Currency, "usd")
	return s.State.BalanceTransactions.Add(&booked)
}

func (s *Customers) createBalanceTransaction(c *api.Call) (api.Object, error) {
	customer, err := s.LiveCustomer(c.Path[0], "id")
	if err != nil {
		return nil, err
	}
	c.Required("amount")
	booked := state.BalanceTransaction{Amount: c.Integer("amount", 0), Currency: strings.ToLower(c.Required("currency")),
		Description: c.Text("description"), Type: "adjustment", Metadata: c.Metadata(nil)}
	switch {
	case booked.Amount == 0:
		c.Fail(api.Invalid("amount", "The amount of a customer balance transaction cannot be 0."))
	case customer.Currency != "" && booked.Currency != customer.Currency:
		c.Fail(api.Invalid("currency", "The customer's currency is %s; its balance cannot be changed in %s.", customer.Currency,
			booked.Currency))
	}
	if failure := c.Failed(); failure != nil {
		return nil, failure
	}
	var made *state.BalanceTransaction
	s.ChangeCustomer(customer, func() {
		customer.Currency = booked.Currency
		made = s.MoveBalance(customer, booked)
	})
	return s.ShowBalanceTransaction(made), nil
}

func (s *Customers) listBalanceTransactions(c *api.Call) (api.Object, error) {
	if _, err := s.LiveCustomer(c.Path[0], "id"); err != nil {
		return nil, err
	}
	invoice, within := c.Text("invoice"), api.CreatedFilter(c)
	return api.Paginate(c, api.NewestOf(s.State.BalanceTransactions.Of(c.Path[0])),
		func(b *state.BalanceTransaction) bool {
			return (invoice == "" || b.Invoice == invoice) && within(b.Created)
		}, s.ShowBalanceTransaction)
}

func (s *Customers) balanceTransaction(c *api.Call) (*state.BalanceTransaction, error) {
	booked := s.State.BalanceTransactions.Get(c.Path[1])
	if booked == nil || booked.Customer != c.Path[0] {
		return nil, api.NoSuch("customer balance transaction", c.Path[1], "id")
	}
	return booked, nil
}

func (s *Customers) retrieveBalanceTransaction(c *api.Call) (api.Object, error) {
	booked, err := s.balanceTransaction(c)
	if err != nil {
		return nil, err
	}
	return s.ShowBalanceTransaction(booked), nil
}

func (s *Customers) updateBalanceTransaction(c *api.Call) (api.Object, error) {
	booked, err := s.balanceTransaction(c)
	if err != nil {
		return nil, err
	}
	description, metadata := c.TextOr("description", booked.Description), c.Metadata(booked.Metadata)
	if failure := c.Failed(); failure != nil {
		return nil, failure
	}
	booked.Description, booked.Metadata = description, metadata
	return s.ShowBalanceTransaction(booked), nil
}
