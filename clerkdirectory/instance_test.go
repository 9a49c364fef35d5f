package clerkdirectory

import (
	"net/http"
	"testing"

	"github.com/lockstep-dev/lockstep"
)

func TestInstance(t *testing.T) {
	var path string
	client := serve(t, func(w http.ResponseWriter, r *http.Request) {
		path = r.Method + " " + r.URL.Path
		_, _ = w.Write([]byte(`{"object":"instance","id":"ins_2x","environment_type":"production","allowed_origins":null}`))
	})
	if id, err := client.Instance(t.Context()); id != "ins_2x" || err != nil || path != "GET /v1/instance" {
		t.Errorf("%s: %q %v", path, id, err)
	}
	for _, answer := range []string{`{}`, `{"id":""}`, `{"id":7}`, `{"id":"user_1"}`, `[]`} {
		if id, err := serve(t, answering(200, answer)).Instance(t.Context()); err == nil || id != "" {
			t.Errorf("%s: %q %v", answer, id, err)
		}
	}
	if id, err := serve(t, answering(401, refused("authentication_invalid"))).Instance(t.Context()); err == nil ||
		id != "" {
		t.Errorf("a wrong key: %q %v", id, err)
	}
}

func TestExternalID(t *testing.T) {
	for answer, want := range map[string]string{
		`{"id":"user_1","external_id":"user_old"}`: "user_old",
		`{"id":"user_1","external_id":null}`:       "",
		`{"id":"user_1","external_id":7}`:          "",
		`{"id":"user_1"}`:                          "",
	} {
		identity, err := serve(t, answering(200, answer)).Identity(t.Context(),
			lockstep.Account{Kind: lockstep.User, ID: "user_1"})
		if err != nil || identity.ExternalID != want {
			t.Errorf("%s: %q %v", answer, identity.ExternalID, err)
		}
	}
}
