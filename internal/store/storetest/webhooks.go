package storetest

import (
	"errors"
	"time"

	"github.com/lockstep-dev/lockstep"
)

func webhookKey(endpoint, subject string) lockstep.Key {
	return lockstep.WebhookDelivery{Endpoint: endpoint, Subject: subject}.Key()
}

// delivered saves a delivery in its own run.
func (w *world) delivered(d lockstep.WebhookDelivery, e *lockstep.WebhookEndpoint) {
	w.Helper()
	claim := w.hold(d.Key())
	w.ok(w.SaveWebhookDelivery(w.Context(), claim, d, e))
	w.done(claim)
}

var webhooks = map[string]func(*world){
	"each change of access has a higher sequence, and its keys are marked with it": func(w *world) {
		if _, err := w.AccessNotification(w.Context(), alice); !errors.Is(err, lockstep.ErrNotFound) {
			w.Errorf("before: %v, want ErrNotFound", err)
		}
		key := webhookKey("app", lockstep.AccessSubject(alice))
		last := int64(0)
		for _, digest := range []string{"a", "b", "c"} {
			claim := w.hold(alice.Key())
			w.ok(w.NotifyAccess(w.Context(), claim, alice, digest, []lockstep.Key{key}))
			w.done(claim)
			told, err := w.AccessNotification(w.Context(), alice)
			w.ok(err)
			if told.Sequence <= last || told.Sequence < told.At.UnixMilli() {
				w.Errorf("the sequence %d follows %d at %s; a restored database would repeat it", told.Sequence, last, told.At)
			}
			last = told.Sequence
			equal(w, "digest", told.Digest, digest)
			w.done(w.claim(key))
		}
	},
	"a record names the access that endpoints were last notified of": func(w *world) {
		claim := w.hold(alice.Key())
		w.ok(w.Save(w.Context(), claim, lockstep.AccountUpdate{Record: lockstep.Record{Account: alice}}))
		for _, digest := range []string{"", "a", "b"} {
			if digest != "" {
				w.ok(w.NotifyAccess(w.Context(), claim, alice, digest, nil))
			}
			record, err := w.Account(w.Context(), alice)
			w.ok(err)
			equal(w, "digest", record.Notified, digest)
		}
	},
	"a run that lost its lease notifies nobody": func(w *world) {
		claim := w.hold(alice.Key())
		w.done(claim)
		key := webhookKey("app", lockstep.AccessSubject(alice))
		if err := w.NotifyAccess(w.Context(), claim, alice, "a", []lockstep.Key{key}); !errors.Is(err,
			lockstep.ErrLeaseLost) {
			w.Errorf("tell: %v, want ErrLeaseLost", err)
		}
		if err := w.SaveWebhookDelivery(w.Context(), claim, lockstep.WebhookDelivery{Endpoint: "app", Subject: "x",
			State: lockstep.WebhookPending}, nil); !errors.Is(err, lockstep.ErrLeaseLost) {
			w.Errorf("save: %v, want ErrLeaseLost", err)
		}
		w.idle()
	},
	"a delivery and its endpoint are stored together": func(w *world) {
		began := time.UnixMilli(1_700_000_000_000).UTC()
		d := lockstep.WebhookDelivery{Endpoint: "app", Subject: "license.granted:cs_1", State: lockstep.WebhookPending,
			Status: 500, Reason: "status 500",
			Attempts: 2, Sequence: 7, BeganAt: began}
		w.delivered(d, &lockstep.WebhookEndpoint{ID: "app", FailingSince: began, DisabledAt: began, Reason: "why"})
		got, err := w.WebhookDelivery(w.Context(), "app", d.Subject)
		w.ok(err)
		got.UpdatedAt, got.BeganAt = time.Time{}, got.BeganAt.UTC()
		equal(w, "delivery", got, d)
		e, err := w.WebhookEndpoint(w.Context(), "app")
		w.ok(err)
		e.FailingSince, e.DisabledAt = e.FailingSince.UTC(), e.DisabledAt.UTC()
		equal(w, "endpoint", e, lockstep.WebhookEndpoint{ID: "app", FailingSince: began, DisabledAt: began, Reason: "why"})
		other, err := w.WebhookEndpoint(w.Context(), "other")
		w.ok(err)
		equal(w, "an endpoint that was never heard of", other, lockstep.WebhookEndpoint{ID: "other"})
	},
	"an enabled endpoint gets the deliveries that it missed, and no others": func(w *world) {
		for subject, state := range map[string]lockstep.WebhookState{"held": lockstep.WebhookHeld,
			"undelivered": lockstep.WebhookUndelivered, "delivered": lockstep.WebhookDelivered} {
			w.delivered(lockstep.WebhookDelivery{Endpoint: "app", Subject: subject, State: state, Attempts: 9},
				&lockstep.WebhookEndpoint{ID: "app", DisabledAt: time.Now()})
			w.delivered(lockstep.WebhookDelivery{Endpoint: "other", Subject: subject, State: state}, nil)
		}
		missed, err := w.EnableWebhookEndpoint(w.Context(), "app")
		w.ok(err)
		equal(w, "missed", missed, 2)
		claims := w.take(time.Minute)
		equal(w, "marked", len(claims), 2)
		d, err := w.WebhookDelivery(w.Context(), "app", "held")
		w.ok(err)
		equal(w, "state and attempts", string(d.State)+" "+string(rune('0'+d.Attempts)), "pending 0")
		e, err := w.WebhookEndpoint(w.Context(), "app")
		w.ok(err)
		equal(w, "disabled", e.DisabledAt.IsZero(), true)
	},
	"a delivered webhook is delivered again on request": func(w *world) {
		w.delivered(lockstep.WebhookDelivery{Endpoint: "app", Subject: "x", State: lockstep.WebhookDelivered,
			Sequence: 3}, nil)
		w.ok(w.Redeliver(w.Context(), "app", "x"))
		d, err := w.WebhookDelivery(w.Context(), "app", "x")
		w.ok(err)
		equal(w, "state", d.State, lockstep.WebhookPending)
		equal(w, "sequence", d.Sequence, 0)
		w.claim(webhookKey("app", "x"))
	},
	"deliveries are listed by endpoint, the latest first": func(w *world) {
		for _, subject := range []string{"a", "b", "c"} {
			w.delivered(lockstep.WebhookDelivery{Endpoint: "app", Subject: subject, State: lockstep.WebhookDelivered}, nil)
			time.Sleep(2 * time.Millisecond) // so that the clock moves on
		}
		w.delivered(lockstep.WebhookDelivery{Endpoint: "other", Subject: "d", State: lockstep.WebhookDelivered}, nil)
		page, err := w.WebhookDeliveries(w.Context(), "app", lockstep.DeliveryFilter{Limit: 2})
		w.ok(err)
		equal(w, "subjects", subjectsOf(page), []string{"c", "b"})
		page, err = w.WebhookDeliveries(w.Context(), "app", lockstep.DeliveryFilter{Limit: 2, Before: page.Next})
		w.ok(err)
		equal(w, "the rest", subjectsOf(page), []string{"a"})
		equal(w, "more", page.Next, "")
		_, err = w.WebhookDeliveries(w.Context(), "app", lockstep.DeliveryFilter{Before: "nothing"})
		equal(w, "a foreign cursor", errors.Is(err, lockstep.ErrInvalid), true)
	},
	"deliveries are listed by state, with their next try": func(w *world) {
		for _, state := range []lockstep.WebhookState{lockstep.WebhookDelivered, lockstep.WebhookUndelivered} {
			w.delivered(lockstep.WebhookDelivery{Endpoint: "app", Subject: string(state), State: state}, nil)
		}
		w.ok(w.Redeliver(w.Context(), "app", "again"))
		for state, want := range map[lockstep.WebhookState]string{lockstep.WebhookUndelivered: "undelivered",
			lockstep.WebhookPending: "again"} {
			page, err := w.WebhookDeliveries(w.Context(), "app", lockstep.DeliveryFilter{State: state, Limit: 1})
			w.ok(err)
			equal(w, "subjects", subjectsOf(page), []string{want})
			equal(w, "a next try of "+want, page.Deliveries[0].NextTry.IsZero(), state != lockstep.WebhookPending)
		}
	},
}

func subjectsOf(page lockstep.DeliveryPage) (subjects []string) {
	for _, d := range page.Deliveries {
		subjects = append(subjects, d.Subject)
	}
	return subjects
}
