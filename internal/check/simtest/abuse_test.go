package simtest

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/lockstep-dev/lockstep/simulator"
)

// instanceKey returns the key with which the Clerk simulator signs, from its state.
func instanceKey(t *testing.T, sim *simulator.Simulator) *rsa.PrivateKey {
	var state bytes.Buffer
	if err := sim.Save(&state); err != nil {
		t.Fatal(err)
	}
	var all any
	if err := json.Unmarshal(state.Bytes(), &all); err != nil {
		t.Fatal(err)
	}
	var found *rsa.PrivateKey
	var walk func(any)
	walk = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			for _, inner := range v {
				walk(inner)
			}
		case []any:
			for _, inner := range v {
				walk(inner)
			}
		case string:
			if der, err := base64.StdEncoding.DecodeString(v); err == nil {
				if key, err := x509.ParsePKCS1PrivateKey(der); err == nil {
					found = key
				}
			}
		}
	}
	walk(all)
	if found == nil {
		t.Fatal("the simulator's state holds no key")
	}
	return found
}

// forger makes forged session tokens from a valid one.
type forger struct {
	t      *testing.T
	good   string
	key    *rsa.PrivateKey // the instance's own
	header map[string]any
	claims jwt.MapClaims
}

func newForger(t *testing.T, w *world, good string) *forger {
	f := &forger{t: t, good: good, key: instanceKey(t, w.sim)}
	parsed, _, err := jwt.NewParser().ParseUnverified(good, jwt.MapClaims{})
	if err != nil {
		t.Fatal(err)
	}
	f.header, f.claims = parsed.Header, parsed.Claims.(jwt.MapClaims)
	return f
}

// with signs the valid token's claims with some changed; nil drops a claim.
func (f *forger) with(method jwt.SigningMethod, key any, header map[string]any, claims jwt.MapClaims) string {
	token := jwt.NewWithClaims(method, maps.Clone(f.claims))
	token.Header["kid"] = f.header["kid"]
	maps.Copy(token.Header, header)
	for name, value := range claims {
		token.Claims.(jwt.MapClaims)[name] = value
		if value == nil {
			delete(token.Claims.(jwt.MapClaims), name)
		}
	}
	text, err := token.SignedString(key)
	if err != nil {
		f.t.Fatal(err)
	}
	return text
}

func (f *forger) claiming(claims jwt.MapClaims) string {
	return f.with(jwt.SigningMethodRS256, f.key, nil, claims)
}

// publicAsSecret signs with the published public key, in several forms, as if it were an HMAC secret.
func (f *forger) publicAsSecret() (tokens []string) {
	der, err := x509.MarshalPKIXPublicKey(&f.key.PublicKey)
	if err != nil {
		f.t.Fatal(err)
	}
	for _, secret := range [][]byte{
		pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), der, f.key.N.Bytes(), {},
		pem.EncodeToMemory(&pem.Block{Type: "RSA PUBLIC KEY", Bytes: x509.MarshalPKCS1PublicKey(&f.key.PublicKey)}),
	} {
		tokens = append(tokens, f.with(jwt.SigningMethodHS256, secret, nil, nil))
	}
	return tokens
}

// TestForgedTokensGetNothing tries tokens that are not from Clerk, or not for us, at every operation that a browser
// may call.
func TestForgedTokensGetNothing(t *testing.T) {
	calm(t, func(t *testing.T, w *world) {
		ada := w.mustSignUp("ada@example.com")
		time.Sleep(time.Minute)
		w.mustBuy("user/"+ada, "pro")
		time.Sleep(time.Minute)
		good, err := w.sim.SessionToken(ada, "")
		if err != nil {
			t.Fatal(err)
		}
		f := newForger(t, w, good)
		stranger, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			t.Fatal(err)
		}
		now := time.Now()
		parts := strings.Split(good, ".")
		forged := map[string]string{
			"no signature": parts[0] + "." + parts[1] + ".",
			"another token's signature": parts[0] + "." + strings.Split(f.claiming(jwt.MapClaims{"sub": "user_other"}),
				".")[1] + "." + parts[2],
			"algorithm none":            f.with(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, nil, nil),
			"another key under our kid": f.with(jwt.SigningMethodRS256, stranger, nil, nil),
			"another instance":          f.with(jwt.SigningMethodRS256, stranger, map[string]any{"kid": "ins_other"}, nil),
			"a key that it brings along": f.with(jwt.SigningMethodRS256, stranger,
				map[string]any{"kid": "own", "jku": "http://" + serviceHost + "/keys", "x5u": "http://x/"}, nil),
			"no kid":                       f.with(jwt.SigningMethodRS256, stranger, map[string]any{"kid": nil}, nil),
			"another algorithm":            f.with(jwt.SigningMethodPS256, f.key, nil, nil),
			"wrong issuer":                 f.claiming(jwt.MapClaims{"iss": "https://clerk.evil.example"}),
			"issuer that begins like ours": f.claiming(jwt.MapClaims{"iss": "http://" + clerkHost + ".evil.example"}),
			"no issuer":                    f.claiming(jwt.MapClaims{"iss": nil}),
			"wrong party":                  f.claiming(jwt.MapClaims{"azp": "https://evil.example"}),
			"party that is no text":        f.claiming(jwt.MapClaims{"azp": []string{"https://app.test"}}),
			"expired":                      f.claiming(jwt.MapClaims{"exp": now.Add(-time.Minute).Unix()}),
			"without an end":               f.claiming(jwt.MapClaims{"exp": nil}),
			"not yet valid":                f.claiming(jwt.MapClaims{"nbf": now.Add(time.Minute).Unix()}),
			"pending":                      f.claiming(jwt.MapClaims{"sts": "pending"}),
			"nobody's":                     f.claiming(jwt.MapClaims{"sub": ""}),
			"not a token":                  "x.y.z",
			"the API key in capitals":      strings.ToUpper(apiKey),
		}
		for i, token := range f.publicAsSecret() {
			forged[fmt.Sprintf("the public key as a secret, %d", i)] = token
		}
		before := len(w.sim.History())
		for name, token := range forged {
			for _, operation := range []exchange{
				{method: "GET", path: "/v1/accounts/user/" + ada},
				{method: "GET", path: "/v1/accounts/user/" + ada + "/access"},
				{method: "POST", path: "/v1/checkout", body: `{"lookup_key":"life","success_url":"https://app.test/"}`},
				{method: "POST", path: "/v1/portal", body: `{"return_url":"https://app.test/"}`},
			} {
				operation.name, operation.key, operation.status, operation.hasNot,
					operation.problemDetail = name+", "+operation.path, token, 401, "cus_", true
				operation.orTooMany = true // 429 is fine too: the limit for failed authentication
				w.exchange(operation)
			}
		}
		for _, e := range w.sim.History()[before:] {
			if e.Side != "delivery" && !strings.HasSuffix(e.Path, "/jwks") {
				t.Errorf("a forged token caused %s %s", e.Method, e.Path)
			}
		}
		// The token that they were made from is valid.
		w.exchange(exchange{name: "good", method: "GET", path: "/v1/accounts/user/" + ada, key: f.claiming(nil), status: 200,
			has: "pro"})
	})
}

// TestWhatUsersCanWriteGrantsNothing: users write their own unsafe metadata, and choose what an app requests for
// them.
func TestWhatUsersCanWriteGrantsNothing(t *testing.T) {
	calm(t, func(t *testing.T, w *world) {
		ada, eve := w.mustSignUp("ada@example.com"), w.mustSignUp("eve@example.com")
		time.Sleep(time.Minute)
		w.mustBuy("user/"+ada, "pro")
		time.Sleep(time.Minute)
		w.clerk(http.MethodPatch, "/v1/users/"+eve+"/metadata", map[string]any{"unsafe_metadata": map[string]any{
			"plan": "pro", "stripeCustomerId": w.ask("user/" + ada).CustomerID, "billing": map[string]any{"active": true,
				"plan": "pro"}}})
		time.Sleep(time.Minute)
		eves, err := w.sim.SessionToken(eve, "")
		if err != nil {
			t.Fatal(err)
		}
		a := w.ask("user/" + eve)
		if a.Access.Active || a.Access.Plan != "" || a.CustomerID == w.ask("user/"+ada).CustomerID {
			t.Errorf("eve has %+v", a)
		}
		for _, u := range w.sim.Users() {
			if u.ID == eve && (u.Public["plan"] != nil || u.Public["subscriptionStatus"] != "inactive") {
				t.Errorf("eve's metadata is %v", u.Public)
			}
		}
		sessions := len(w.sim.CheckoutSessions())
		for _, e := range []exchange{
			{name: "what she wrote", method: "GET", path: "/v1/accounts/user/" + eve + "/access", key: eves, status: 200,
				has: `"active":false`},
			{name: "another's account", method: "GET", path: "/v1/accounts/user/" + ada, key: eves, status: 403, hasNot: "cus_",
				problemDetail: true},
			{name: "for another", method: "POST", path: "/v1/checkout", key: eves, body: `{"account":"user/` + ada +
				`","lookup_key":"life","success_url":"https://app.test/"}`, status: 403, problemDetail: true},
			{name: "another's portal", method: "POST", path: "/v1/portal", key: eves, body: `{"account":"user/` + ada +
				`","return_url":"https://app.test/"}`, status: 403, problemDetail: true},
			{name: "a price that is not listed", method: "POST", path: "/v1/checkout", key: eves, body: `{"price":"` +
				w.prices["basic"] + `","success_url":"https://app.test/"}`, status: 403, has: "price-not-listed",
				problemDetail: true},
			{name: "a lookup key that is not listed", method: "POST", path: "/v1/checkout", key: eves,
				body: `{"lookup_key":"free","success_url":"https://app.test/"}`, status: 403, problemDetail: true},
			{name: "too many", method: "POST", path: "/v1/checkout", key: eves,
				body: `{"lookup_key":"pro","quantity":100001,"success_url":"https://app.test/"}`, status: 422, problemDetail: true},
			{name: "less than one", method: "POST", path: "/v1/checkout", key: eves,
				body: `{"lookup_key":"pro","quantity":-1,"success_url":"https://app.test/"}`, status: 422, problemDetail: true},
			{name: "once more", method: "POST", path: "/v1/checkout", key: eves,
				body: `{"lookup_key":"pro","again":true,"success_url":"https://app.test/"}`, status: 403, problemDetail: true},
			{name: "an amount of her own", method: "POST", path: "/v1/checkout", key: eves,
				body: `{"lookup_key":"pro","unit_amount":1,"success_url":"https://app.test/"}`, status: 422, problemDetail: true},
		} {
			w.exchange(e)
		}
		if now := len(w.sim.CheckoutSessions()); now != sessions {
			t.Errorf("%d sessions were started", now-sessions)
		}
	})
}

// clerk calls Clerk as the app's server would.
func (w *world) clerk(method, path string, in any) {
	status, err := w.call(context.Background(), method, "http://"+clerkHost+path, clerkKey, in, nil)
	if err != nil || status != http.StatusOK {
		w.t.Fatalf("%s %s: %d %v", method, path, status, err)
	}
}
