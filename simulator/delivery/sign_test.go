package delivery_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stripe/stripe-go/v86/webhook"

	"github.com/lockstep-dev/lockstep/simulator/delivery"
)

func TestSvixSignaturesMatchThePublishedVectors(t *testing.T) {
	t.Parallel()
	for _, vector := range []struct {
		secret, id, body, want string
		at                     int64
	}{
		{"whsec_plJ3nmyCDGBKInavdOK15jsl", "msg_loFOjxBNrRLzqYUf", `{"event_type":"ping","data":{"success":true}}`,
			"v1,rAvfW3dJ/X/qxhsaXPOyyCGmRKsaKWcsNccKXlIktD0=", 1731705121},
		{"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", `{"test": 2432232314}`,
			"v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", 1614265330},
	} {
		header := delivery.SignSvix([]string{vector.secret}, vector.id, []byte(vector.body), time.Unix(vector.at, 0))
		if got := header.Get("svix-signature"); got != vector.want {
			t.Errorf("signature of %s is %s, want %s", vector.id, got, vector.want)
		}
	}
	two := delivery.SignSvix([]string{"whsec_plJ3nmyCDGBKInavdOK15jsl", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"},
		"msg_1", nil, time.Unix(1, 0))
	if got := strings.Fields(two.Get("svix-signature")); len(got) != 2 {
		t.Errorf("two secrets make the signatures %v", got)
	}
}

func TestStripeGoAcceptsTheStripeSignature(t *testing.T) {
	t.Parallel()
	body := []byte(`{"id":"evt_1","object":"event","api_version":"2026-08-26.dahlia"}`)
	header := delivery.SignStripe([]string{"whsec_a", "whsec_b"}, body, time.Now()).Get("Stripe-Signature")
	for _, secret := range []string{"whsec_a", "whsec_b"} {
		if _, err := webhook.ConstructEvent(body, header, secret); err != nil {
			t.Errorf("%s: %v", secret, err)
		}
	}
	if _, err := webhook.ConstructEvent(append(body, ' '), header, "whsec_a"); err == nil {
		t.Error("a changed body verifies")
	}
	if !strings.Contains(header, ",v0=") {
		t.Errorf("the header %s has no v0, which test mode sends", header)
	}
}

func TestSecretsThatCouldNotBeRealAreRefused(t *testing.T) {
	t.Parallel()
	for _, secret := range []string{"", "whsec_", "whsec_  ", "secret"} {
		if delivery.CheckStripeSecret(secret) == nil || delivery.CheckSvixSecret(secret) == nil {
			t.Errorf("%q is accepted", secret)
		}
	}
	if delivery.CheckSvixSecret("whsec_not base64") == nil {
		t.Error("a Svix secret that is not base64 is accepted")
	}
	if delivery.SignSvix([]string{"whsec_"}, "m", nil, time.Now()).Get("svix-signature") != "" {
		t.Error("an empty key signs")
	}
}

func TestTheSchedulesHaveTheLengthTheirProvidersPromise(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		steps []time.Duration
		want  time.Duration
	}{"stripe": {delivery.StripeBackoff, 72 * time.Hour}, "svix": {delivery.SvixBackoff, 27*time.Hour + 35*time.Minute +
		5*time.Second}} {
		var sum time.Duration
		for _, step := range test.steps {
			sum += step
		}
		if sum != test.want {
			t.Errorf("%s retries for %s, want %s", name, sum, test.want)
		}
		if _, again := delivery.Step(test.steps, len(test.steps)+1); again {
			t.Errorf("%s never gives up", name)
		}
	}
}
