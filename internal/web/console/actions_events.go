package console

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
)

// eventActions are the actions of an event's page.
var eventActions = []action{
	{name: "replay", button: "Look again", title: "Look again at what the event is about", given: []string{"event"},
		says: sayReplay,
		call: func(form url.Values) call {
			return call{method: http.MethodPost, path: "/v1/events/replay", body: map[string]any{"events": form["event"]}}
		},
		done: func(_ url.Values, answer map[string]any) string {
			keys, _ := answer["keys"].([]any)
			if len(keys) == 0 {
				return "The event is about nothing that Lockstep syncs, so nothing was queued."
			}
			return "Queued: " + plural(int64(len(keys)), "key", "keys") + ". It usually takes a few seconds."
		},
		back: toEvent},
	{name: "reveal", button: "Reveal the body", title: "Reveal the personal data of the event", given: []string{"event"},
		says: func(_ *visit, form url.Values) ([]string, error) {
			return []string{"The page shows the whole body of " + form.Get("event") +
				" once, with e-mail addresses, names and addresses. The audit log keeps that you looked, and why."}, nil
		},
		call: func(form url.Values) call {
			source, id, _ := strings.Cut(form.Get("event"), "/")
			return call{method: http.MethodPost, path: "/v1/events/" + url.PathEscape(source) + "/" + url.PathEscape(id) + "/reveal"}
		},
		shown: "revealed.html",
		data: func(_ url.Values, answer []byte) (any, error) {
			var of storedEvent
			err := json.Unmarshal(answer, &of)
			return of, err
		},
		back: toEvent},
}

// toEvent leads back to the event of an action.
func toEvent(form url.Values) string {
	source, id, _ := strings.Cut(form.Get("event"), "/")
	return path("events", source, id)
}

// sayReplay says what the event marks.
func sayReplay(v *visit, form url.Values) ([]string, error) {
	source, id, _ := strings.Cut(form.Get("event"), "/")
	var of storedEvent
	if err := v.get("/v1/events/"+url.PathEscape(id)+"?"+url.Values{"source": {source}}.Encode(), &of); err != nil {
		return nil, err
	}
	if of.Key == "" {
		return []string{"Lockstep ignores events of the type " + of.Type + ", so looking again does nothing."}, nil
	}
	return []string{"Lockstep queues " + of.Key + ", which " + of.Type + " is about. It reads the current state at Stripe and in the directory, and writes what differs.",
		"It does not apply the event itself, so an old event cannot bring back an old state."}, nil
}
