package wire

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestAFaultEndsAtItsTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		faults := NewFaults(1)
		faults.Add(Fault{Side: "stripe", Status: 500, Until: time.Now().Add(time.Minute)})
		call := Call{Side: "stripe", Method: "GET", Path: "/v1/prices"}
		time.Sleep(59 * time.Second)
		if faults.Strike(call) == nil || len(faults.Active()) != 1 || faults.Active()[0].Struck != 1 {
			t.Errorf("before its end: %+v", faults.Active())
		}
		time.Sleep(time.Second)
		if faults.Strike(call) != nil || len(faults.Active()) != 0 || faults.Remove(1) {
			t.Errorf("after its end: %+v", faults.Active())
		}
	})
}

func TestRemoveEndsOneFault(t *testing.T) {
	t.Parallel()
	faults := NewFaults(1)
	first, second := faults.Add(Fault{Status: 500}), faults.Add(Fault{Status: 503})
	if !faults.Remove(first) || faults.Remove(first) || faults.Remove(99) {
		t.Error("Remove does not say whether there was a fault")
	}
	if active := faults.Active(); len(active) != 1 || active[0].ID != second {
		t.Errorf("%+v are active", active)
	}
}

func TestWhatAFaultStrikes(t *testing.T) {
	t.Parallel()
	update := Call{Side: "delivery", Method: "POST", Path: "/hooks/stripe", Provider: "stripe",
		Event: "customer.subscription.updated"}
	read := Call{Side: "stripe", Method: "GET", Path: "/v1/customers/cus_1"}
	for _, c := range []struct {
		fault Fault
		call  Call
		want  bool
	}{
		{Fault{Side: "delivery", Provider: "stripe"}, update, true},
		{Fault{Side: "delivery", Provider: "clerk"}, update, false},
		{Fault{Side: "delivery", Event: "customer.subscription.*"}, update, true},
		{Fault{Side: "delivery", Event: "invoice.*"}, update, false},
		{Fault{}, update, false},
		{Fault{Path: "/v1/**"}, read, true},
		{Fault{Path: "/v1/*"}, read, false},
		{Fault{Path: "/v1/customers/cus_1/**"}, read, false},
		{Fault{Path: "/v2/**"}, read, false},
	} {
		if got := c.fault.matches(c.call); got != c.want {
			t.Errorf("%+v strikes %+v: %v", c.fault, c.call, got)
		}
	}
}
