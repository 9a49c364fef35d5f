package httpapi_test

import (
	"strings"
	"testing"
)

// TestABodyIsMaskedUntilItIsRevealed: a masked body keeps ids and hides who it is about; revealing shows it and leaves
// an entry with the reason.
func TestABodyIsMaskedUntilItIsRevealed(t *testing.T) {
	t.Parallel()
	k := start(t)
	ada := k.signUp("ada@example.com")
	id := k.event(ada.Key())
	type view struct {
		Source string
		Body   any
		Masked bool `json:"body_masked"`
	}
	plain := k.call("GET", "/v1/events/"+id+"?body=true", apiKey, "")
	masked := k.call("GET", "/v1/events/"+id+"?body=masked", apiKey, "")
	without := k.call("GET", "/v1/events/"+id+"?body=false", apiKey, "")
	if !strings.Contains(plain.body, "ada@example.com") || as[view](k, plain).Masked {
		t.Errorf("body=true: %s", plain.body)
	}
	if strings.Contains(masked.body, "ada@") || !strings.Contains(masked.body, ada.ID) || !as[view](k, masked).Masked {
		t.Errorf("body=masked: %s", masked.body)
	}
	if as[view](k, without).Body != nil {
		t.Errorf("body=false: %s", without.body)
	}
	revealed := k.call("POST", "/v1/events/"+as[view](k, plain).Source+"/"+id+"/reveal", apiKey, "", "Lockstep-Reason: ticket 7")
	if !strings.Contains(revealed.body, "ada@example.com") {
		t.Errorf("reveal: %d %s", revealed.status, revealed.body)
	}
	entries := k.audited("reveal-event")
	if len(entries) != 2 || entries[1].Reason != "ticket 7" || !strings.HasSuffix(entries[1].Subject, "/"+id) ||
		string(entries[1].After) != `{"body":"revealed"}` {
		t.Errorf("audit: %+v", entries)
	}
}
