package eventbody

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

func FuzzPack(f *testing.F) {
	for _, body := range []string{"", "{}", `{"id":"evt_1"}`, strings.Repeat(`{"object":"event"}`, 300), "\xff", "\xff\xff",
		"\xff" + strings.Repeat("a", 1000)} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		stored := Pack(body)
		got, err := Unpack(stored)
		if err != nil || !bytes.Equal(got, body) {
			t.Fatalf("%q became %q (%v), stored as %q", body, got, err, stored)
		}
		_, err = Unpack(body) // whatever the database holds, it must not panic
		if err != nil && !errors.Is(err, ErrCorrupt) {
			t.Fatal(err)
		}
	})
}

func TestPackedBodiesAreSmaller(t *testing.T) {
	t.Parallel()
	body := []byte(strings.Repeat(`{"object":"event","id":"evt_1"},`, 100))
	if stored := Pack(body); len(stored) > len(body)/2 {
		t.Errorf("%d bytes are stored as %d", len(body), len(stored))
	}
	if stored := Pack(nil); len(stored) != 0 {
		t.Errorf("no body is stored as %q", stored)
	}
}

func TestBodiesOfEarlierVersions(t *testing.T) {
	t.Parallel()
	body := []byte(strings.Repeat(`{"object":"event","id":"evt_1"},`, 100))
	if got, err := Unpack(body); err != nil || !bytes.Equal(got, body) {
		t.Errorf("a body that is stored as it came became %q (%v)", got, err)
	}
}

func TestDamagedBodies(t *testing.T) {
	t.Parallel()
	stored := Pack([]byte(strings.Repeat(`{"object":"event"}`, 300)))
	if _, err := Unpack(stored[:len(stored)-3]); !errors.Is(err, ErrCorrupt) {
		t.Errorf("the error of a cut body is %v", err)
	}
	// A damaged length of 4 GB must not be allocated.
	_, err := Unpack([]byte("\xff\xff\xff\xff\xff\x0f"))
	if !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), "4294967295") {
		t.Errorf("the error of a damaged length is %v", err)
	}
}
