package simtest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// answer is what the API answers about an account.
type answer struct {
	State      string `json:"state"`
	CustomerID string `json:"customer_id"`
	Members    int64  `json:"members"`
	Access     struct {
		Active   bool                 `json:"active"`
		Status   string               `json:"status"`
		Plan     string               `json:"plan"`
		Features []string             `json:"features"`
		Limits   map[string]int64     `json:"limits"`
		Seats    int64                `json:"seats"`
		Until    *time.Time           `json:"until"`
		Expires  map[string]time.Time `json:"expires"`
		Ending   bool                 `json:"ending"`
		Reasons  []struct {
			Object string `json:"object"`
			ID     string `json:"id"`
			Status string `json:"status"`
			Grants bool   `json:"grants"`
		} `json:"reasons"`
	} `json:"access"`
	Pending bool   `json:"pending"`
	Problem string `json:"problem"`
	// Problems lists the steps that a provider refused.
	Problems []struct {
		Step string `json:"step"`
		Code string `json:"code"`
	} `json:"problems"`
	Notices []struct {
		ID     string `json:"id"`
		Kind   string `json:"kind"`
		Object string `json:"object"`
	} `json:"notices"`
}

// checker compares the simulators' state with Lockstep's.
type checker struct {
	*world
	problems []string
	answers  map[string]answer        // by account
	owner    map[string]string        // account by linked customer
	links    map[string]lockstep.Link // by customer
	ours     map[string]bool          // customers that Lockstep created
	typed    map[string]bool          // customers whose address a buyer typed first; Stripe keeps it
}

func (c *checker) wrong(format string, args ...any) {
	c.problems = append(c.problems, fmt.Sprintf(format, args...))
}

// check returns everything that breaks a promise.
func (w *world) check() []string {
	c := &checker{world: w, answers: map[string]answer{}, owner: map[string]string{}, links: map[string]lockstep.Link{}}
	c.ask()
	c.remember()
	c.checkDeliveries()
	c.checkWork()
	c.readCustomers()
	c.checkCustomers()
	c.checkAdopted()
	c.checkPrimary()
	c.checkDetails()
	c.checkMemory()
	c.checkCharges()
	c.checkPaid()
	c.checkListener()
	c.checkSeats()
	c.checkMails()
	c.checkRefunds()
	c.checkVerify()
	for _, u := range w.sim.Users() {
		c.checkAccount("user/"+u.ID, u.Public)
		c.checkLead("user/" + u.ID)
		c.checkHistory("user/" + u.ID)
		c.checkExplanation("user/" + u.ID)
		c.checkStanding("user/" + u.ID)
	}
	for _, o := range w.sim.Organizations() {
		c.checkAccount("organization/"+o.ID, o.Public)
		c.checkLead("organization/" + o.ID)
		c.checkHistory("organization/" + o.ID)
		c.checkExplanation("organization/" + o.ID)
		c.checkStanding("organization/" + o.ID)
	}
	for _, account := range w.gone {
		c.checkGone(account)
		c.checkHistory(account)
		c.checkExplanation(account)
		c.checkStanding(account)
	}
	return c.problems
}

func (c *checker) living() []string {
	var accounts []string
	for _, u := range c.sim.Users() {
		accounts = append(accounts, "user/"+u.ID)
	}
	for _, o := range c.sim.Organizations() {
		accounts = append(accounts, "organization/"+o.ID)
	}
	return accounts
}

// ask asks the API about every account that ever existed.
func (c *checker) ask() {
	for _, account := range slices.Concat(c.living(), c.gone) {
		var a answer
		status, err := c.call(context.Background(), http.MethodGet, "http://"+serviceHost+"/v1/accounts/"+account, apiKey,
			nil, &a)
		if err != nil || status != http.StatusOK && status != http.StatusNotFound {
			c.wrong("the API answered %d for %s: %v", status, account, err)
		}
		if status == http.StatusOK {
			c.answers[account] = a
		}
		if a.CustomerID == "" {
			continue
		}
		if other, taken := c.owner[a.CustomerID]; taken {
			c.wrong("customer %s is linked to %s and to %s", a.CustomerID, other, account)
		}
		c.owner[a.CustomerID] = account
	}
}

// remember notes the account that each customer is linked to. A reference decides only as long as the customer is not
// linked, so Stripe's state alone is not enough.
func (c *checker) remember() {
	for _, customer := range c.sim.Customers() {
		link, err := c.service.store.LinkOf(context.Background(), customer.ID)
		if err == nil {
			c.links[customer.ID] = link
		} else if !errors.Is(err, lockstep.ErrNotFound) {
			c.wrong("look up the owner of customer %s: %v", customer.ID, err)
		}
	}
}

// checkDeliveries: what was answered with 200 is stored, and every stored event is settled.
func (c *checker) checkDeliveries() {
	stored := map[string]bool{}
	filter := lockstep.EventFilter{Limit: 200, Bodiless: true}
	for {
		page, err := c.service.store.Events(context.Background(), filter)
		if err != nil {
			c.wrong("list events: %v", err)
			return
		}
		for _, e := range page.Events {
			stored[e.ID] = true
			if e.Status == lockstep.EventPending || e.Status == lockstep.EventFailed {
				c.wrong("event %s (%s, key %s) is %s: %s", e.ID, e.Type, e.Key, e.Status, e.Reason)
			}
		}
		if page.Next == "" {
			break
		}
		filter.Before = page.Next
	}
	kept := lockstep.Retention{}.WithDefaults().IDs - 24*time.Hour // a world may last longer than the retention
	for _, e := range c.sim.History() {
		if e.Side == "delivery" && e.Status == http.StatusOK && e.Fault == "" && time.Since(e.At) < kept &&
			!stored[e.EventID] {
			c.wrong("the delivery of %s (%s) was answered with 200 but is not stored", e.EventID, e.EventType)
		}
	}
}

// checkWork: nothing is pending except the next sweeps and syncs that are due later, and nothing failed except
// e-mails that were being sent when the service died.
func (c *checker) checkWork() {
	backlog, err := c.service.store.Backlog(context.Background(), 1000)
	if err != nil {
		c.wrong("list work: %v", err)
	}
	for _, work := range backlog {
		later := work.Key.Kind == lockstep.KeySweep || work.Disposition == lockstep.Done && work.RunAt.After(time.Now())
		mail := work.Key.Kind == lockstep.KeyEmail || work.Key.Kind == lockstep.KeyBuyerEmail
		unknown := mail && strings.HasPrefix(work.Reason, "the e-mail may have been sent")
		if work.Pending() && !later || work.Disposition == lockstep.Failed && !unknown {
			c.wrong("work %s is pending=%v after %d attempts, last run %q: %s", work.Key, work.Pending(), work.Attempts,
				work.Disposition, work.Reason)
		}
	}
}

// checkCustomers: we created at most one living customer for each account, and it is the linked one.
func (c *checker) checkCustomers() {
	made := map[string]string{}
	living := c.living()
	for _, customer := range c.sim.Customers() {
		account := c.current(customer.Metadata["lockstepAccount"])
		if customer.Deleted && !c.discarded[customer.ID] && slices.Contains(living, account) {
			c.wrong("customer %s was deleted, but %s lives", customer.ID, account)
		}
		if account == "" || customer.Deleted {
			continue
		}
		if other, already := made[account]; already && c.ours[customer.ID] {
			c.wrong("two customers were created for %s: %s and %s", account, other, customer.ID)
		}
		if c.ours[customer.ID] {
			made[account] = customer.ID
		}
		link := c.links[customer.ID]
		if link.Account.String() != account || link.Trust != lockstep.Proven {
			c.wrong("customer %s was created for %s but is linked to %s (%s)", customer.ID, account, link.Account, link.Trust)
		}
	}
	for _, u := range c.sim.Users() {
		account := "user/" + u.ID
		id := c.answers[account].CustomerID
		if id == "" {
			c.wrong("%s has no customer", account)
		}
		if link := c.links[id]; !link.Primary || link.Trust != lockstep.Proven {
			c.wrong("%s has the primary customer %s, whose link is %+v", account, id, link)
		}
	}
}
