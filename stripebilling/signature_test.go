package stripebilling

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/stripe/stripe-go/v86/webhook"
)

const secret lockstep.Secret = "whsec_test"

var (
	body = []byte(`{"id":"evt_1","object":"event","type":"customer.created"}`)
	now  = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
)

func signedBy(lines ...string) http.Header { return http.Header{SignatureHeader: lines} }

func TestVerify(t *testing.T) {
	good := Sign(body, secret, now)
	stamp, mac, _ := strings.Cut(good, ",v1=")
	other := Sign(body, "whsec_other", now)
	for name, c := range map[string]struct {
		header http.Header
		want   error
	}{
		"good":                      {signedBy(good), nil},
		"good among others":         {signedBy(stamp + ",v1=00,v1=" + mac + ",v0=00"), nil},
		"no header":                 {http.Header{}, ErrNoSignature},
		"empty header":              {signedBy(""), ErrBadHeader},
		"two headers":               {signedBy(good, good), ErrBadHeader},
		"only v0":                   {signedBy(stamp + ",v0=" + mac), ErrNoSignature},
		"no time":                   {signedBy("v1=" + mac), ErrBadHeader},
		"two times":                 {signedBy("t=1," + good), ErrBadHeader},
		"empty signature":           {signedBy(stamp + ",v1="), ErrBadSignature},
		"upper case":                {signedBy(stamp + ",v1=" + strings.ToUpper(mac)), ErrBadSignature},
		"truncated":                 {signedBy(stamp + ",v1=" + mac[:63]), ErrBadSignature},
		"one digit wrong":           {signedBy(stamp + ",v1=" + flip(mac)), ErrBadSignature},
		"another secret":            {signedBy(other), ErrBadSignature},
		"another time":              {signedBy("t=1767268801,v1=" + mac), ErrBadSignature},
		"no equals sign":            {signedBy(good + ",junk"), ErrBadHeader},
		"signed time":               {signedBy("t=+1767268800,v1=" + mac), ErrBadHeader},
		"negative time":             {signedBy("t=-5,v1=" + mac), ErrBadHeader},
		"time with a space":         {signedBy("t= 1767268800,v1=" + mac), ErrBadHeader},
		"overflowing time":          {signedBy("t=99999999999999999999,v1=" + mac), ErrBadHeader},
		"good one in seventeenth":   {signedBy(stamp + strings.Repeat(",v1=00", 16) + ",v1=" + mac), ErrBadHeader},
		"good one in sixteenth":     {signedBy(stamp + strings.Repeat(",v1=00", 15) + ",v1=" + mac), nil},
		"a thousand signatures":     {signedBy(good + strings.Repeat(",v1="+mac, 1000)), ErrBadHeader},
		"a thousand other schemes":  {signedBy(good + strings.Repeat(",v9=x", 1000)), ErrBadHeader},
		"five minutes old":          {signedBy(Sign(body, secret, now.Add(-5*time.Minute))), nil},
		"older":                     {signedBy(Sign(body, secret, now.Add(-5*time.Minute-time.Second))), ErrTooOld},
		"five minutes ahead":        {signedBy(Sign(body, secret, now.Add(5*time.Minute))), nil},
		"further ahead":             {signedBy(Sign(body, secret, now.Add(5*time.Minute+time.Second))), ErrTooNew},
		"two days ahead":            {signedBy(Sign(body, secret, now.Add(48*time.Hour))), ErrTooNew},
		"forged and old":            {signedBy(Sign(body, "whsec_other", now.Add(-time.Hour))), ErrBadSignature},
		"year 33658":                {signedBy(Sign(body, secret, time.Unix(999999999999, 0))), ErrTooNew},
		"leading zeros are as sent": {signedBy("t=0" + good[2:]), ErrBadSignature},
	} {
		t.Run(name, func(t *testing.T) {
			if err := Verify(c.header, body, []lockstep.Secret{secret}, now, 0); !errors.Is(err, c.want) {
				t.Fatalf("got %v, want %v", err, c.want)
			}
		})
	}
}

func flip(s string) string {
	if s[0] == '0' {
		return "1" + s[1:]
	}
	return "0" + s[1:]
}

func TestVerifyCoversTheRawBytes(t *testing.T) {
	header := signedBy(Sign(body, secret, now))
	for _, altered := range []string{"", " " + string(body), string(body) + "\n",
		strings.Replace(string(body), "cus", "cuS", 1), "\ufeff" + string(body)} {
		if err := Verify(header, []byte(altered), []lockstep.Secret{secret}, now, 0); !errors.Is(err, ErrBadSignature) {
			t.Errorf("%q: %v", altered, err)
		}
	}
}

func TestVerifyWithoutASecretIsRefused(t *testing.T) {
	for _, secrets := range [][]lockstep.Secret{nil, {}, {""}, {" "}, {"\t\n"}, {secret, ""}, {"", secret}} {
		for _, signer := range append(secrets, "") {
			header := signedBy(Sign(body, signer, now))
			if err := Verify(header, body, secrets, now, 0); !errors.Is(err, ErrNoSecret) {
				t.Errorf("%d secrets: %v", len(secrets), err)
			}
		}
	}
}

func TestVerifyWhileASecretIsRolled(t *testing.T) {
	former, next := lockstep.Secret("whsec_former"), lockstep.Secret("whsec_next")
	both := signedBy(Sign(body, former, now) + ",v1=" + signature(body, next, "1767268800"))
	for name, c := range map[string]struct {
		header  http.Header
		secrets []lockstep.Secret
		want    error
	}{
		"both know both":       {both, []lockstep.Secret{former, next}, nil},
		"we know the former":   {both, []lockstep.Secret{former}, nil},
		"we know the next":     {both, []lockstep.Secret{next}, nil},
		"only next signs":      {signedBy(Sign(body, next, now)), []lockstep.Secret{former, next}, nil},
		"we were told late":    {signedBy(Sign(body, next, now)), []lockstep.Secret{former}, ErrBadSignature},
		"whsec_ is of the key": {signedBy(Sign(body, "next", now)), []lockstep.Secret{next}, ErrBadSignature},
	} {
		t.Run(name, func(t *testing.T) {
			if err := Verify(c.header, body, c.secrets, now, 0); !errors.Is(err, c.want) {
				t.Fatalf("got %v, want %v", err, c.want)
			}
		})
	}
}

func TestToleranceIsTheCallers(t *testing.T) {
	old := signedBy(Sign(body, secret, now.Add(-6*time.Minute)))
	if err := Verify(old, body, []lockstep.Secret{secret}, now, 10*time.Minute); err != nil {
		t.Error(err)
	}
}

func TestSignatureIsThatOfStripesLibrary(t *testing.T) {
	theirs := webhook.GenerateTestSignedPayload(&webhook.UnsignedPayload{Payload: body, Secret: secret.Reveal(),
		Timestamp: now})
	if ours := Sign(body, secret, now); ours != theirs.Header {
		t.Errorf("ours %s, theirs %s", ours, theirs.Header)
	}
}

func FuzzVerifyHeader(f *testing.F) {
	for _, seed := range []string{"", "t=1,v1=00", Sign(body, secret, now), "t=,v1=", ",,,", "t=1767268800", "v1=",
		"t=\x00,v1=\xff",
		Sign(body, "whsec_other", now) + ",v1=00", strings.Repeat("v1=0,", 100)} {
		f.Add(seed)
	}
	good := Sign(body, secret, now)
	_, mac, _ := strings.Cut(good, ",v1=")
	f.Fuzz(func(t *testing.T, header string) {
		err := Verify(signedBy(header), body, []lockstep.Secret{secret}, now, 0)
		if err == nil && (!strings.Contains(header, "t=1767268800") || !strings.Contains(header, "v1="+mac)) {
			t.Fatalf("%q is accepted", header)
		}
	})
}

// TestPlausibleNeedsNoBody checks that Plausible accepts the header of a current webhook and
// refuses headers that Stripe never sends.
func TestPlausibleNeedsNoBody(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_800_000_000, 0)
	good := Sign([]byte("{}"), "whsec_1", now)
	for header, want := range map[string]error{
		good:                     nil,
		"t=1800000000,v1=forged": nil, // only the body would tell
		"t=1799999000,v1=00":     ErrTooOld,
		"t=1800001000,v1=00":     ErrTooNew,
		"t=1800000000,v0=00":     ErrNoSignature,
		"v1=00":                  ErrBadHeader,
		"Bearer x":               ErrBadHeader,
		good + ",t=1800000000":   ErrBadHeader,
	} {
		if err := Plausible(http.Header{SignatureHeader: {header}}, now, 0); !errors.Is(err, want) {
			t.Errorf("%q: %v, want %v", header, err, want)
		}
	}
	if err := Plausible(http.Header{}, now, 0); !errors.Is(err, ErrNoSignature) {
		t.Errorf("no header: %v", err)
	}
}
