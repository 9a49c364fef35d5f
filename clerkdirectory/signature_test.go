package clerkdirectory

import (
	"encoding/base64"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep"
)

const secret lockstep.Secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

var (
	body = []byte(`{"test": 2432232314}`)
	now  = time.Unix(1614265330, 0)
)

const (
	id  = "msg_p5jXN8AQM9LWM0D4loKWxJek"
	mac = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
)

func headers(family, id, timestamp, signature string) http.Header {
	h := http.Header{}
	for name, value := range map[string]string{"id": id, "timestamp": timestamp, "signature": signature} {
		if value != "-" {
			h.Set(family+name, value)
		}
	}
	return h
}

// The vectors come from the libraries of Svix and Standard Webhooks and from Clerk's
// command-line tool.
func TestVectors(t *testing.T) {
	for _, c := range []struct {
		secret          lockstep.Secret
		id              string
		t               int64
		body, signature string
	}{
		{secret, id, 1614265330, `{"test": 2432232314}`, mac},
		{"whsec_plJ3nmyCDGBKInavdOK15jsl", "msg_loFOjxBNrRLzqYUf", 1731705121,
			`{"event_type":"ping","data":{"success":true}}`,
			"v1,rAvfW3dJ/X/qxhsaXPOyyCGmRKsaKWcsNccKXlIktD0="},
	} {
		at := time.Unix(c.t, 0)
		header, err := Sign(c.id, []byte(c.body), c.secret, at)
		if err != nil || header.Get("svix-signature") != c.signature {
			t.Errorf("signed %v %v", header, err)
		}
		for _, family := range []string{"svix-", "webhook-"} {
			h := headers(family, c.id, strconv.FormatInt(c.t, 10), c.signature)
			for _, s := range []lockstep.Secret{c.secret, lockstep.Secret(strings.TrimPrefix(string(c.secret), "whsec_"))} {
				if err := Verify(h, []byte(c.body), []lockstep.Secret{s}, at, 0); err != nil {
					t.Errorf("%s: %v", family, err)
				}
			}
		}
	}
}

func TestVerify(t *testing.T) {
	const stamp = "1614265330"
	at := func(d time.Duration) http.Header {
		h, err := Sign(id, body, secret, now.Add(d))
		if err != nil {
			t.Fatal(err)
		}
		return h
	}
	svix := func(id, timestamp, signature string) http.Header { return headers("svix-", id, timestamp, signature) }
	twice := func(name string) http.Header { h := svix(id, stamp, mac); h.Add(name, h.Get(name)); return h }
	mixed := svix(id, stamp, mac)
	mixed.Set("webhook-id", "msg_other")
	swapped := headers("webhook-", id, stamp, mac)
	swapped.Set("svix-id", "msg_other")
	for name, c := range map[string]struct {
		header http.Header
		want   error
	}{
		"good":                    {svix(id, stamp, mac), nil},
		"good among others":       {svix(id, stamp, "v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc= v2,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc= "+mac+" v1a,x"), nil},
		"no headers":              {http.Header{}, ErrBadHeader},
		"no id":                   {svix("-", stamp, mac), ErrBadHeader},
		"no time":                 {svix(id, "-", mac), ErrBadHeader},
		"no signature":            {svix(id, stamp, "-"), ErrNoSignature},
		"empty id":                {svix("", stamp, mac), ErrBadHeader},
		"another id":              {svix("msg_other", stamp, mac), ErrBadSignature},
		"id with a dot":           {svix("msg.1", stamp, mac), ErrBadHeader},
		"id with a space":         {svix("msg 1", stamp, mac), ErrBadHeader},
		"endless id":              {svix(strings.Repeat("x", 256), stamp, mac), ErrBadHeader},
		"two ids":                 {twice("Svix-Id"), ErrBadHeader},
		"two times":               {twice("Svix-Timestamp"), ErrBadHeader},
		"two signature headers":   {twice("Svix-Signature"), ErrBadHeader},
		"id of the other family":  {mixed, nil},
		"families mixed":          {swapped, ErrBadHeader},
		"wrong signature":         {svix(id, stamp, "v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc="), ErrBadSignature},
		"part of a signature":     {svix(id, stamp, "v1,"), ErrBadSignature},
		"version alone":           {svix(id, stamp, "v1"), ErrBadSignature},
		"other version":           {svix(id, stamp, strings.Replace(mac, "v1", "v2", 1)), ErrNoSignature},
		"no version":              {svix(id, stamp, mac[3:]), ErrNoSignature},
		"without padding":         {svix(id, stamp, strings.TrimRight(mac, "=")), ErrBadSignature},
		"signed time":             {svix(id, "+"+stamp, mac), ErrBadHeader},
		"negative time":           {svix(id, "-5", mac), ErrBadHeader},
		"not a time":              {svix(id, "now", mac), ErrBadHeader},
		"overflowing time":        {svix(id, "99999999999999999999", mac), ErrBadHeader},
		"good one in sixteenth":   {svix(id, stamp, strings.Repeat("v1,x ", 15)+mac), nil},
		"good one in seventeenth": {svix(id, stamp, strings.Repeat("v1,x ", 16)+mac), ErrBadHeader},
		"a thousand signatures":   {svix(id, stamp, mac+strings.Repeat(" "+mac, 1000)), ErrBadHeader},
		"a thousand versions":     {svix(id, stamp, mac+strings.Repeat(" v9,x", 1000)), ErrBadHeader},
		"five minutes old":        {at(-5 * time.Minute), nil},
		"older":                   {at(-5*time.Minute - time.Second), ErrTooOld},
		"five minutes ahead":      {at(5 * time.Minute), nil},
		"further ahead":           {at(5*time.Minute + time.Second), ErrTooNew},
	} {
		t.Run(name, func(t *testing.T) {
			if err := Verify(c.header, body, []lockstep.Secret{secret}, now, 0); !errors.Is(err, c.want) {
				t.Fatalf("got %v, want %v", err, c.want)
			}
		})
	}
}

func TestVerifyCoversTheRawBytes(t *testing.T) {
	h := headers("svix-", id, "1614265330", mac)
	for _, altered := range []string{"", `{"test":2432232314}`, string(body) + "\n"} {
		if err := Verify(h, []byte(altered), []lockstep.Secret{secret}, now, 0); !errors.Is(err, ErrBadSignature) {
			t.Errorf("%q: %v", altered, err)
		}
	}
}

func TestSecrets(t *testing.T) {
	raw := []byte("a key of 25 bytes, padded")
	std := base64.StdEncoding.EncodeToString(raw)
	if !strings.HasSuffix(std, "=") {
		t.Fatal("the key needs no padding")
	}
	header, err := Sign(id, body, lockstep.Secret("whsec_"+std), now)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		secrets []lockstep.Secret
		want    error
	}{
		"padded":        {[]lockstep.Secret{lockstep.Secret(std)}, nil},
		"not padded":    {[]lockstep.Secret{lockstep.Secret("whsec_" + strings.TrimRight(std, "="))}, nil},
		"one of two":    {[]lockstep.Secret{secret, lockstep.Secret(std)}, nil},
		"none":          {nil, ErrNoSecret},
		"empty":         {[]lockstep.Secret{""}, ErrNoSecret},
		"blank":         {[]lockstep.Secret{" \t\n"}, ErrNoSecret},
		"only whsec_":   {[]lockstep.Secret{"whsec_"}, ErrNoSecret},
		"only padding":  {[]lockstep.Secret{"whsec_=="}, ErrNoSecret},
		"one is empty":  {[]lockstep.Secret{lockstep.Secret(std), ""}, ErrNoSecret},
		"not base64":    {[]lockstep.Secret{"whsec_!"}, ErrBadSecret},
		"Stripe's kind": {[]lockstep.Secret{"whsec_test_secret"}, ErrBadSecret},
		"another":       {[]lockstep.Secret{secret}, ErrBadSignature},
	} {
		if err := Verify(header, body, c.secrets, now, 0); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, s := range []lockstep.Secret{"", "whsec_", "whsec_!"} {
		if _, err := Sign(id, body, s, now); err == nil {
			t.Errorf("signed with %d bytes of nothing", len(s))
		}
	}
}

// The default tolerance is five minutes; see the cases of TestVerify.
func TestOtherTolerance(t *testing.T) {
	h := headers("svix-", id, "1614265330", mac)
	for late, want := range map[time.Duration]error{time.Minute: nil, 61 * time.Second: ErrTooOld} {
		if err := Verify(h, body, []lockstep.Secret{secret}, now.Add(late), time.Minute); !errors.Is(err, want) {
			t.Errorf("%v late: %v", late, err)
		}
	}
}

func TestCheckSecret(t *testing.T) {
	for s, want := range map[lockstep.Secret]error{
		secret: nil, "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw": nil, " whsec_YQ==\n": nil, "whsec_YQ": nil,
		"": ErrNoSecret, " \t\n": ErrNoSecret, "whsec_": ErrNoSecret, "whsec_==": ErrNoSecret,
		"whsec_!": ErrBadSecret, "whsec_test_secret": ErrBadSecret, "whsec_Y": ErrBadSecret,
	} {
		if err := CheckSecret(s); !errors.Is(err, want) {
			t.Errorf("%q: %v, want %v", s.Reveal(), err, want)
		}
		// Verify agrees.
		if err := Verify(http.Header{}, body, []lockstep.Secret{s}, now, 0); want != nil && !errors.Is(err, want) {
			t.Errorf("%q: Verify says %v", s.Reveal(), err)
		}
	}
}

func FuzzVerifyHeader(f *testing.F) {
	f.Add(id, "1614265330", mac)
	f.Add(id, "1614265330", "v1, v1,, v2,x  ")
	f.Add("", "", "")
	f.Add("a.b", "+1", "\x00")
	f.Fuzz(func(t *testing.T, gotID, stamp, signatures string) {
		header := http.Header{"Svix-Id": {gotID}, "Svix-Timestamp": {stamp}, "Svix-Signature": {signatures}}
		err := Verify(header, body, []lockstep.Secret{secret}, now, 0)
		if err == nil && (gotID != id || stamp != "1614265330" || !strings.Contains(signatures, mac)) {
			t.Fatalf("%q %q %q is accepted", gotID, stamp, signatures)
		}
	})
}

// TestPlausibleNeedsNoBody checks that Plausible accepts the headers of a current webhook
// and refuses headers that Clerk never sends.
func TestPlausibleNeedsNoBody(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_800_000_000, 0)
	good, err := Sign("msg_1", []byte("{}"), "whsec_Y2xlcms=", now)
	if err != nil {
		t.Fatal(err)
	}
	with := func(name, value string) http.Header {
		h := good.Clone()
		h.Set(name, value)
		return h
	}
	for name, c := range map[string]struct {
		header http.Header
		want   error
	}{
		"signed":       {good, nil},
		"forged":       {with("svix-signature", "v1,AAAA"), nil}, // only the body would tell
		"too old":      {with("svix-timestamp", "1799999000"), ErrTooOld},
		"too new":      {with("svix-timestamp", "1800001000"), ErrTooNew},
		"no signature": {with("svix-signature", "v2,AAAA"), ErrNoSignature},
		"no id":        {with("svix-id", ""), ErrBadHeader},
	} {
		if err := Plausible(c.header, now, 0); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	if err := Plausible(http.Header{}, now, 0); err == nil {
		t.Error("no headers at all are plausible")
	}
}
