package delivery

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// ErrBadSecret is returned by CheckSvixSecret and CheckStripeSecret.
var ErrBadSecret = errors.New("a webhook secret starts with whsec_ and is not empty after that; Clerk's continues in base64")

// CheckStripeSecret returns ErrBadSecret for a malformed Stripe endpoint secret. It
// refuses an empty one because several client libraries accept it.
func CheckStripeSecret(secret string) error {
	if rest, ok := strings.CutPrefix(secret, "whsec_"); !ok || strings.TrimSpace(rest) == "" {
		return ErrBadSecret
	}
	return nil
}

// CheckSvixSecret returns ErrBadSecret for a malformed Svix endpoint secret.
func CheckSvixSecret(secret string) error {
	rest, ok := strings.CutPrefix(secret, "whsec_")
	if key, err := base64.StdEncoding.DecodeString(rest); !ok || err != nil || len(key) == 0 {
		return ErrBadSecret
	}
	return nil
}

// SignStripe returns the Stripe-Signature header of a body: HMAC-SHA256 over
// "t.body", keyed with the whole secret as text, in hex, one v1 per secret. Stripe
// also sends a v0 in test mode, which a receiver must never accept.
func SignStripe(secrets []string, body []byte, at time.Time) http.Header {
	stamp := strconv.FormatInt(at.Unix(), 10)
	var value strings.Builder
	value.WriteString("t=" + stamp)
	for _, secret := range secrets {
		value.WriteString(",v1=" + hex.EncodeToString(sum([]byte(secret), stamp, ".", string(body))))
	}
	value.WriteString(",v0=" + hex.EncodeToString(sum([]byte("test mode only"), stamp, ".", string(body))))
	return http.Header{"Stripe-Signature": {value.String()}}
}

// SignSvix returns the Svix headers of a body: HMAC-SHA256 over "id.t.body",
// keyed with the base64-decoded secret, in base64, one v1 per secret. Secrets
// must have passed CheckSvixSecret.
func SignSvix(secrets []string, id string, body []byte, at time.Time) http.Header {
	stamp := strconv.FormatInt(at.Unix(), 10)
	signatures := make([]string, 0, len(secrets))
	for _, secret := range secrets {
		key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
		if err != nil || len(key) == 0 {
			continue // no signature is better than one made with an empty key
		}
		mac := sum(key, id, ".", stamp, ".", string(body))
		signatures = append(signatures, "v1,"+base64.StdEncoding.EncodeToString(mac))
	}
	header := http.Header{}
	header.Set("svix-id", id)
	header.Set("svix-timestamp", stamp)
	header.Set("svix-signature", strings.Join(signatures, " "))
	return header
}

func sum(key []byte, parts ...string) []byte {
	mac := hmac.New(sha256.New, key)
	for _, part := range parts {
		mac.Write([]byte(part))
	}
	return mac.Sum(nil)
}
