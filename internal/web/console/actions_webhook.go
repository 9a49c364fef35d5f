package console

import (
	"net/http"
	"net/url"
	"strings"
)

// endpointActions are the actions of a webhook endpoint's page.
var endpointActions = []action{
	{name: "redeliver", button: "Deliver again", given: []string{"webhook", "subject"},
		says: redeliverySays,
		call: func(form url.Values) call {
			body := map[string]string{"notice": form.Get("subject")}
			if account, is := strings.CutPrefix(form.Get("subject"), "access:"); is {
				body = map[string]string{"account": account}
			}
			return call{method: http.MethodPost, path: webhookAPI(form.Get("webhook")) + "/redeliver", body: body}
		},
		done: func(form url.Values, _ map[string]any) string {
			return "The delivery of “" + carried(form.Get("subject")).Text + "” is queued."
		},
		back: backToWebhook},
	{name: "enable-webhook", button: "Enable", title: "Enable the webhook", given: []string{"webhook"},
		says: enablingSays,
		call: func(form url.Values) call {
			return call{method: http.MethodPost, path: webhookAPI(form.Get("webhook")) + "/enable"}
		},
		done: func(form url.Values, answer map[string]any) string {
			missed, _ := answer["redelivered"].(float64) // 0 if it is absent
			return "The endpoint " + form.Get("webhook") + " is enabled. Lockstep sends the " +
				plural(int64(missed), "delivery", "deliveries") + " that it missed."
		},
		back: backToWebhook},
}

func backToWebhook(form url.Values) string { return path("webhooks", form.Get("webhook")) }

// redeliverySays says what is delivered, and where.
func redeliverySays(v *visit, form url.Values) ([]string, error) {
	e, err := endpointNamed(v, form.Get("webhook"))
	if err != nil {
		return nil, err
	}
	sentences := []string{"Lockstep sends “" + carried(form.Get("subject")).Text + "” to the endpoint " + e.ID + " at " +
		e.Origin + " again, and retries for three days.", "It has the same id as before, so an endpoint that handled it already can ignore it."}
	if strings.HasPrefix(form.Get("subject"), "access:") {
		sentences = append(sentences, "It carries the access as it is then, not as it was.")
	}
	if e.DisabledAt != nil {
		sentences = append(sentences, "The endpoint is disabled, so the delivery waits until you enable it.")
	}
	return sentences, nil
}

// enablingSays says how many deliveries the endpoint missed.
func enablingSays(v *visit, form url.Values) ([]string, error) {
	e, err := endpointNamed(v, form.Get("webhook"))
	if err != nil {
		return nil, err
	}
	var missed int64
	more := false
	for _, state := range []string{"held", "undelivered"} {
		var found webhookData
		if err := v.get(webhookAPI(e.ID)+"/deliveries?limit=500&state="+state, &found); err != nil {
			return nil, err
		}
		missed, more = missed+int64(len(found.Data)), more || found.Next != ""
	}
	count := plural(missed, "delivery", "deliveries")
	if more {
		count = "at least " + count
	}
	sentences := []string{"Lockstep sends to the endpoint " + e.ID + " at " + e.Origin + " again. It also sends the " + count +
		" that it missed.", "Repair the endpoint first. If it fails for five days, Lockstep disables it again."}
	if e.DisabledAt == nil {
		sentences = append(sentences, "It is not disabled now, so this only sends what it missed.")
	}
	return sentences, nil
}

// endpointNamed returns the endpoint with an id, or the API's answer that there is none.
func endpointNamed(v *visit, id string) (shownEndpoint, error) {
	all, err := readEndpoints(v)
	if err != nil {
		return shownEndpoint{}, err
	}
	for _, e := range all.Data {
		if e.ID == id {
			return e, nil
		}
	}
	return shownEndpoint{}, &apiError{Status: http.StatusNotFound,
		Detail: "webhook endpoint " + id + " not found in the configuration"}
}
