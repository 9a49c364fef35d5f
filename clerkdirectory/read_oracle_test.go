package clerkdirectory

import (
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/upstream"
)

// readDecoded is the obvious implementation of Read: it decodes the whole body.
func readDecoded(id string, body []byte, want Environment) (hint lockstep.Hint, ok bool) {
	o := upstream.Decode(body)
	hint.Event = lockstep.Event{Source: lockstep.Clerk, ID: id, Type: o.Text("type"),
		ObjectID:   o.Object("data").Text("id"),
		OccurredAt: timeOf(o.Number("timestamp")), Body: body}
	kind, about := lockstep.User, hint.Event.ObjectID
	switch subject, _, _ := strings.Cut(hint.Event.Type, "."); subject {
	case "organization":
		kind = lockstep.Organization
	case "organizationMembership":
		kind, about = lockstep.Organization, o.Object("data").Object("organization").Text("id")
	case "user":
	default:
		about = ""
	}
	if a, err := lockstep.NewAccount(kind, about); err == nil {
		hint.Account = a
	}
	instance := o.Text("instance_id")
	if instance != "" && want.InstanceID != "" && instance != want.InstanceID {
		hint.Foreign = "instance " + instance
	}
	return hint, o != nil && hint.Event.Type != "" && upstream.Storable(hint.Event.Type, hint.Event.ObjectID, instance)
}

// FuzzReadAsDecoded checks that Read and readDecoded agree, or both refuse.
func FuzzReadAsDecoded(f *testing.F) {
	for _, seed := range []string{
		`{"type":"user.created","data":{"id":"user_1","email_addresses":[]},"timestamp":1654012591514,"instance_id":"ins_1","object":"event"}`,
		`{"type":"user.deleted","data":{"id":"user_1","deleted":true},"timestamp":1654012591}`,
		`{"type":"organization.updated","data":{"id":"org_1"},"instance_id":"ins_2"}`,
		`{"type":"organizationMembership.created","data":{"id":"orgmem_1","organization":{"id":"org_1"},"public_user_data":{"user_id":"user_1"}}}`,
		`{"type":"organizationMembership.deleted","data":{"id":"orgmem_1","organization":"org_1"}}`,
		`{"type":"session.created","data":{"id":"sess_1"}}`,
		`{"type":"user.created","data":{"id":"a/b"}}`, `{"type":"user.created","data":{"id":"a\u0001"}}`,
		`{"type":"user.created","data":[]}`, `{"type":""}`, `{"type":7}`, `{}`, `null`, ``, `{"type":"user.created"`,
		`{"type":"a","type":"user.updated","data":{"id":"user_1"},"data":{"id":null}}`,
		`{"type":"user.\u0063reated","timestamp":1e3}`,
	} {
		f.Add([]byte(seed))
	}
	header := http.Header{}
	header.Set("svix-id", "msg_1")
	f.Fuzz(func(t *testing.T, body []byte) {
		want, ok := readDecoded("msg_1", body, Environment{InstanceID: "ins_1"})
		got, err := Read(header, body, Environment{InstanceID: "ins_1"})
		if (err == nil) != ok {
			t.Fatalf("%q is read with %v, and decoded: %v", body, err, ok)
		}
		if ok && !reflect.DeepEqual(got, want) {
			t.Fatalf("%q reads as\n%+v, decoded it is\n%+v", body, got, want)
		}
	})
}
